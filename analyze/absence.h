/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * absence - why a sighting has no partner, where names say more than the join knows: that its pod's vport was not
 * watched at all, or not at that time, or that it went from pod to pod of the same node.
 */
#ifndef WS_ANALYZE_ABSENCE_H
#define WS_ANALYZE_ABSENCE_H

#include "analyze/study.h"

/*
 * Looks anew at the strays of a source's join that seem lost. At a NIC: one from or to a pod of its node of which no
 * vport was watched, and that is of no pod of which one was, becomes WS_CAUSE_OTHER_POD; that needs the pods of all
 * vports of the node to be known. One of a pod whose vport was watched at other times becomes WS_CAUSE_OUTSIDE_WINDOW.
 * At a vport: one whose both ends are pods of one node becomes WS_CAUSE_LOCAL. Does nothing where no names are known.
 * 0 or -ENOMEM.
 */
int ws_absence_explain(struct ws_study *study, enum ws_source source);

struct ws_absence;

/*
 * The same for a source that is joined in parts: what names say of its points, NULL where no names are known, and with
 * it the strays of a part's join, of one part at a time. 0 or -ENOMEM. To be closed with ws_absence_close().
 */
int ws_absence_open(struct ws_study *study, enum ws_source source, struct ws_absence **absence);
int ws_absence_of(struct ws_absence *absence, struct ws_join *join);

/* NULL is fine. */
void ws_absence_close(struct ws_absence *absence);

#endif
