-- SPDX-License-Identifier: BSD-2-Clause
-- The database of one run (run.db), made by ingest and read by analyze. Public: query it with any SQLite.
-- Times are integers in ns. Times of source 'ebpf' are CLOCK_MONOTONIC, those of source 'pcap' are CLOCK_REALTIME;
-- clock_pair relates the two. Of a load log's times, load_log.clock says what they are.
-- Addresses are 16-byte blobs in wire order, IPv4 as ::ffff:a.b.c.d.

PRAGMA user_version = 4;

-- What the database is: schema version and the program that wrote it.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,           -- 'schema_version', 'writer'
    value TEXT NOT NULL
) STRICT;

-- The run's manifest (run.json) as it was found; no row for a directory that holds only packet captures.
CREATE TABLE manifest (
    content_hash TEXT NOT NULL,       -- XXH3-128 of run.json, 32 hex digits (as xxhsum -H2 prints it)
    json         TEXT NOT NULL        -- the document, unchanged
) STRICT;

-- Tracing points.
CREATE TABLE point (
    point_id  INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,   -- 'nic', 'vport', or any name: the stem of its files
    role      TEXT NOT NULL,          -- 'nic', 'vport' or 'other'
    node      TEXT,                   -- name of the node, if the manifest says it
    interface TEXT,                   -- network interface, if the manifest says it
    netns     TEXT,                   -- its network namespace, if not capture's own
    pod       TEXT                    -- 'NAMESPACE/NAME' of the pod whose vport it is, if the run was planned
) STRICT;

-- Input files, each loaded in one transaction and known by its content.
CREATE TABLE file (
    file_id       INTEGER PRIMARY KEY,
    point_id      INTEGER NOT NULL REFERENCES point,
    source        TEXT NOT NULL,      -- 'ebpf' (a record file) or 'pcap'
    path          TEXT NOT NULL,      -- relative to the run directory if it lies below it
    content_hash  TEXT NOT NULL,      -- XXH3-128 of the file's bytes, 32 hex digits
    size_bytes    INTEGER NOT NULL,
    complete      INTEGER NOT NULL,   -- 1: read to its proper end; 0: cut off, see unread_bytes and the loss table
    unread_bytes  INTEGER NOT NULL,   -- bytes at the end that belong to no whole block or packet
    n_requests    INTEGER NOT NULL,   -- rows of this file in request
    n_contexts    INTEGER NOT NULL,   -- of these, with a context
    n_responses   INTEGER NOT NULL,   -- rows of this file in response
    n_frames      INTEGER NOT NULL,   -- frames that passed the point: the sum of its ledger
    first_ns      INTEGER,            -- the time window in which the point was watched; pcap: first and last frame
    last_ns       INTEGER,
    search_bytes  INTEGER,            -- payload bytes searched for a context at most; NULL: the whole head
    contexts      TEXT NOT NULL,      -- the contexts looked for, as --context takes them: 'w3c,b3,header:x-my-trace'
    prefers_list  INTEGER NOT NULL,   -- of several contexts in a head counts 0: the first complete one; 1: the one
                                      -- that stands first in contexts
    UNIQUE (point_id, source)
) STRICT;

-- The families of contexts that were looked for in a file.
CREATE TABLE family (
    file_id INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
    family  INTEGER NOT NULL,         -- enum ws_family (lib/record.h), as in request.family
    name    TEXT NOT NULL,            -- as the user knows it: 'w3c', 'b3', 'b3-single', 'jaeger', 'datadog',
                                      -- 'skywalking', 'aws', 'google', 'x-request-id', 'header:x-my-trace'
    PRIMARY KEY (file_id, family)
) STRICT, WITHOUT ROWID;

-- The account of every frame that passed: the sum over the reasons of a file is file.n_frames.
CREATE TABLE ledger (
    file_id  INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
    reason   TEXT NOT NULL,           -- see 'Reasons' in README.md: 'not_ip' ... 'context_w3c'
    n_frames INTEGER NOT NULL,
    PRIMARY KEY (file_id, reason)
) STRICT, WITHOUT ROWID;

-- What passed and was not kept.
CREATE TABLE loss (
    file_id INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
    kind    TEXT NOT NULL,            -- 'ring_full' (records), 'pcap_dropped', 'pcap_interface_dropped' (frames),
                                      -- 'cut_records' (records that a cut file announces and does not hold) ...
    n       INTEGER NOT NULL,
    PRIMARY KEY (file_id, kind)
) STRICT, WITHOUT ROWID;

-- Readings of both clocks at the same moment, over the run.
CREATE TABLE clock_pair (
    file_id      INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
    monotonic_ns INTEGER NOT NULL,
    realtime_ns  INTEGER NOT NULL
) STRICT;

-- Connections' directions as seen in one file: what the requests, or the responses, of a flow have in common.
CREATE TABLE flow (
    flow_id          INTEGER PRIMARY KEY,
    file_id          INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
    ip_version       INTEGER NOT NULL, -- of the inner packet: 4 or 6
    saddr            BLOB NOT NULL,    -- inner source address
    daddr            BLOB NOT NULL,    -- inner destination address
    sport            INTEGER NOT NULL,
    dport            INTEGER NOT NULL,
    encap            TEXT NOT NULL,    -- 'none', 'vxlan', 'ipip', 'geneve', 'gre': the outermost tunnel
    vni              INTEGER NOT NULL, -- VXLAN, Geneve: network identifier; GRE: key; else 0
    outer_ip_version INTEGER NOT NULL, -- 0 without a tunnel
    outer_saddr      BLOB,             -- NULL without a tunnel
    outer_daddr      BLOB,
    vlan             INTEGER NOT NULL  -- outermost 802.1Q tag control information, 0 without a tag
) STRICT;

-- Sightings: one HTTP request head seen at one point by one source. A retransmission is a sighting of its own.
-- Offsets are in bytes from the request line's first byte; of HTTP/2, from the first byte of the HEADERS frame, which
-- stands for the request line everywhere. What the join reads stands first: SQLite decodes a row from its beginning.
CREATE TABLE request (
    request_id      INTEGER PRIMARY KEY,
    file_id         INTEGER NOT NULL, -- REFERENCES file; says the point and the source
    flow_id         INTEGER NOT NULL, -- REFERENCES flow
    ts_ns           INTEGER NOT NULL, -- stamp of the frame that carried the request line's first byte
    seq             INTEGER NOT NULL, -- TCP sequence number of that byte
    direction       INTEGER NOT NULL, -- as the kernel saw it: 0 unknown, 1 received, 2 sent by the interface
    payload_len     INTEGER NOT NULL, -- bytes of TCP payload in that frame
    n_segments      INTEGER NOT NULL, -- TCP segments that the search crossed
    reason          INTEGER NOT NULL, -- enum ws_reason (lib/record.h): 16 context; 9 beyond_window; 10 split;
                                      -- 11 malformed; 12 incomplete; 13 no_context; 14 truncated; 15 unread;
                                      -- 33 lost_segment; 34 out_of_order; 36 http2_undecodable
    family          INTEGER NOT NULL, -- enum ws_family, of the context that counts: 0 none, 1 w3c, 2 b3, 3 b3-single,
                                      -- 4 jaeger, 5 datadog, 6 skywalking, 7 aws, 8 google, 9 x-request-id,
                                      -- 12 to 15 headers that the user named: see the family table
    ids_end_off     INTEGER,          -- one past the last byte of trace id and span id: found within N if <= N
    trace_id        BLOB,             -- 16 bytes, or 8 where 16 hex digits were sent; NULL without a context
    span_id         BLOB,             -- 8 bytes, zeros if the family has none; NULL without a context
    http_version    INTEGER NOT NULL, -- 1 or 2
    families        INTEGER NOT NULL, -- bit f (1 << f): a complete context of family f is in the head
    malformed       INTEGER NOT NULL, -- bit f: a header of family f whose value was refused is in the head
    ctx_segment     INTEGER,          -- segment of the head, from 1, with the context's first byte; NULL without one
    ids_end_segment INTEGER,          -- the one with the last byte of trace id and span id; NULL without a context
    done_ts_ns      INTEGER,          -- when the last frame up to the end of the ids had passed; NULL without
    parent_span_id  BLOB,             -- 8 bytes; NULL if the context names none
    sampled         INTEGER,          -- 0, 1, or NULL where the context leaves it open
    ctx_off         INTEGER,          -- first byte of the context's first header line; NULL without a context
    ctx_len         INTEGER,          -- bytes from there to the end of the last id; NULL without a context
    searched_len    INTEGER NOT NULL, -- bytes of the head searched: to its end, or as far as it was; files of record
                                      -- version 1: until the answer was known
    req_off         INTEGER NOT NULL, -- payload byte at which the request line begins
    frame_len       INTEGER NOT NULL, -- bytes on the wire, link header included
    tcp_flags       INTEGER NOT NULL, -- byte 13 of the TCP header
    stream_id       INTEGER,          -- HTTP/2 stream; NULL for HTTP/1.x
    flaw            INTEGER NOT NULL, -- enum ws_flaw, why the first refused value was refused: 0 none, 1 length,
                                      -- 2 character, 3 zero, 4 version, 5 a part is missing
    flags           INTEGER NOT NULL  -- bits: 1 trace id of 64 bits; 2 not the first request of its frame; 4 trace_id
                                      -- is the XXH3-128 of an id that is no number of 128 bits; 8 tracestate;
                                      -- 16 gRPC; 32 more context headers than were read
) STRICT;

-- Answers: the first frame of an HTTP/1.x response seen at one point by one source. Packet captures hold them, and
-- recordings with --responses.
CREATE TABLE response (
    response_id INTEGER PRIMARY KEY,
    file_id     INTEGER NOT NULL,     -- REFERENCES file
    flow_id     INTEGER NOT NULL,     -- REFERENCES flow: the request's, the other way round
    ts_ns       INTEGER NOT NULL,     -- stamp of the frame that carried the status line's first byte
    seq         INTEGER NOT NULL,     -- TCP sequence number of that byte
    ack         INTEGER NOT NULL,     -- TCP acknowledgment number of that frame: where the answered request ended
    direction   INTEGER NOT NULL,     -- as in request
    payload_len INTEGER NOT NULL,     -- bytes of TCP payload in that frame
    status      INTEGER NOT NULL      -- HTTP status code; 0 where the frame, or what was kept of it, does not say it
) STRICT;

-- Cluster snapshots (lib/cluster/cluster.md): those of the run, or of the campaign that it is part of.
CREATE TABLE snapshot (
    snapshot_id  INTEGER PRIMARY KEY,
    path         TEXT NOT NULL UNIQUE, -- relative to the run directory: 'cluster', 'cluster/update-0001', '../cluster'
    content_hash TEXT NOT NULL,       -- XXH3-128 of 'NAME HASH' lines of its files, by name, 32 hex digits
    taken_ns     INTEGER,             -- CLOCK_REALTIME of who collected it; NULL: not known
    overlay      TEXT,                -- 'vxlan', 'ipip', 'geneve', 'none'; NULL: not known
    mtls         TEXT,                -- 'strict', 'permissive', 'disabled'; NULL: not known
    n_unread     INTEGER NOT NULL     -- objects in its files that are not as their kind should be
) STRICT;

-- Who had an address, and when. Times are CLOCK_REALTIME; at from_ns it was his, at until_ns no more; NULL: open.
CREATE TABLE owner (
    address   BLOB NOT NULL,
    kind      TEXT NOT NULL,          -- 'pod', 'service' or 'node'
    namespace TEXT,                   -- NULL of a node
    name      TEXT NOT NULL,
    service   TEXT,                   -- of a pod: its service's name, else its label app; of a service: its name
    workload  TEXT,                   -- of a pod: what owns it, 'reviews-v1'
    node      TEXT,                   -- of a pod: where it runs; of a node: its name
    from_ns   INTEGER,
    until_ns  INTEGER
) STRICT;

-- Spans of the mesh's own tracer, from Jaeger or OTLP files.
CREATE TABLE span (
    trace_id       BLOB NOT NULL,     -- 16 bytes; one of 64 bits stands in the last 8
    span_id        BLOB NOT NULL,     -- 8 bytes
    service        TEXT NOT NULL,
    kind           TEXT NOT NULL,     -- 'client', 'server', 'producer', 'consumer', 'internal'; '' not known
    start_ns       INTEGER NOT NULL,  -- CLOCK_REALTIME
    duration_ns    INTEGER NOT NULL,
    operation      TEXT NOT NULL,
    parent_span_id BLOB,              -- 8 bytes; NULL: the first of its trace
    node           TEXT,              -- as the tracer says it; NULL: it does not
    pod            TEXT,
    PRIMARY KEY (trace_id, span_id, service, kind, start_ns)
) STRICT, WITHOUT ROWID;

-- Who calls whom, as the tracer claims (Jaeger's dependencies).
CREATE TABLE dependency (
    caller  TEXT NOT NULL,
    callee  TEXT NOT NULL,
    n_calls INTEGER NOT NULL,
    PRIMARY KEY (caller, callee)
) STRICT, WITHOUT ROWID;

-- What keeps the nodes' clocks in step says of them: true time lies within bound_ns of the node's clock + offset_ns.
CREATE TABLE synchronization (
    node      TEXT NOT NULL,
    method    TEXT NOT NULL,          -- 'chrony' or 'ptp'
    at_ns     INTEGER,                -- CLOCK_REALTIME; NULL: not known
    offset_ns INTEGER NOT NULL,
    bound_ns  INTEGER NOT NULL
) STRICT;

-- What was set up for the run, from conditions.json: one flat JSON object of strings, numbers and booleans. Any keys;
-- well known are: overlay, headers, family (of the tracing context), rate_per_s, duration_s, search_bytes,
-- attached ('none', 'ebpf', 'pcap', 'both'), node, purpose ('latency', 'detection'), round, campaign.
CREATE TABLE condition (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL               -- numbers in their shortest form: '80', '0.5'; booleans: 'true', 'false'
) STRICT;

-- conditions.json as it was found; no row for a run without one.
CREATE TABLE condition_file (
    content_hash TEXT NOT NULL,       -- XXH3-128 of conditions.json, 32 hex digits
    json         TEXT NOT NULL        -- the document, unchanged
) STRICT;

-- Logs of load generators, each loaded in one transaction and known by its name and its content.
CREATE TABLE load_log (
    load_log_id    INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE, -- of the file, without .gz and .zst: 'load.h2load'
    path           TEXT NOT NULL,     -- relative to the run directory
    content_hash   TEXT NOT NULL UNIQUE, -- XXH3-128 of the file's bytes, 32 hex digits
    size_bytes     INTEGER NOT NULL,
    format         TEXT NOT NULL,     -- 'h2load', 'vegeta_csv', 'vegeta_json', 'hey_csv', 'k6_csv' or 'k6_json'
    clock          TEXT NOT NULL,     -- of start_ns. 'realtime': CLOCK_REALTIME; 'relative': from the log's beginning
    resolution_ns  INTEGER NOT NULL,  -- the finest step of the times in the log; k6 in CSV may know whole seconds only
    n_requests     INTEGER NOT NULL,  -- rows of this log in load_request
    n_unread_lines INTEGER NOT NULL,  -- lines at the end that make no whole request; 0, or 1 where a log was cut off
    complete       INTEGER NOT NULL   -- 1: read to its proper end; 0: cut off
) STRICT;

-- Requests as the load generator logged them, in order of start and, where that is equal, of the log. latency_ns is
-- what the generator calls so, up to the end of the answer: vegeta, hey: from the request's start, connecting included
-- where it had to; h2load: from the request's start, on a connection that stands; k6: sending, waiting and receiving
-- (http_req_duration), so that a new connection is not in it, and start_ns is when it stood.
-- hey logs answered requests only, a million at most.
CREATE TABLE load_request (
    load_log_id INTEGER NOT NULL,     -- REFERENCES load_log
    start_ns    INTEGER NOT NULL,     -- k6 logs the end: this is the end less the latency
    request_no  INTEGER NOT NULL,     -- from 1, in the order of the log
    latency_ns  INTEGER NOT NULL,
    status      INTEGER NOT NULL,     -- HTTP status; 0: no answer
    n_bytes_in  INTEGER,              -- bytes of the answer's body; NULL where the log does not say
    error       TEXT,                 -- the generator's words; NULL without an error
    PRIMARY KEY (load_log_id, start_ns, request_no)
) STRICT, WITHOUT ROWID;

-- What capturing costs, from overhead.json (`capture run --overhead`): the same load under each treatment, in blocks. These
-- tables are missing from a run.db that was made before there were such files.
CREATE TABLE IF NOT EXISTS overhead_file (
    content_hash TEXT NOT NULL,       -- XXH3-128 of overhead.json, 32 hex digits
    json         TEXT NOT NULL        -- the document, unchanged
) STRICT;

CREATE TABLE IF NOT EXISTS overhead_treatment (
    treatment_no INTEGER PRIMARY KEY, -- from 0
    name         TEXT NOT NULL UNIQUE, -- 'none': nothing attached; 'empty', 'ebpf', 'tcpdump', ...
    words        TEXT NOT NULL
) STRICT;

-- A trial: the load once, under one treatment.
CREATE TABLE IF NOT EXISTS overhead_trial (
    treatment_no      INTEGER NOT NULL, -- REFERENCES overhead_treatment
    block             INTEGER NOT NULL, -- from 1: each holds a trial of every treatment
    position          INTEGER NOT NULL, -- in the block, from 1: the order in which they ran
    n_requests        INTEGER NOT NULL, -- answered with a status from 200 to 399
    n_failed          INTEGER NOT NULL, -- answered otherwise, or not
    duration_ns       INTEGER NOT NULL, -- from the first request's start to the last answer's end
    latency_mean_ns   INTEGER NOT NULL, -- from end to end, as the load generator has it
    latency_median_ns INTEGER NOT NULL,
    latency_p99_ns    INTEGER NOT NULL,
    window_ns         INTEGER NOT NULL, -- while the load command ran: what the following are of
    busy_ns           INTEGER NOT NULL, -- all CPUs, whoever had them
    softirq_ns        INTEGER NOT NULL, -- of it, in soft interrupts
    steal_ns          INTEGER NOT NULL, -- what the hypervisor gave to others
    own_cpu_ns        INTEGER NOT NULL, -- of the programs that capture
    n_wakeups         INTEGER NOT NULL, -- times that one of their threads slept and was woken
    n_irq_work        INTEGER,        -- interrupts by which the kernel wakes later; NULL: it does not say
    load_cpu_ns       INTEGER NOT NULL, -- of the load command and of what it waited for
    n_frames          INTEGER,        -- that the capture saw, at all points; NULL: nothing counted them
    n_lost            INTEGER,        -- records or frames, likewise
    PRIMARY KEY (block, treatment_no)
) STRICT, WITHOUT ROWID;
