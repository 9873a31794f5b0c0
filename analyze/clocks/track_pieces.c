/* SPDX-License-Identifier: BSD-2-Clause */
/* track_pieces - see track.h: the stretches between jumps, and what lies where they meet. */
#include <math.h>

#include "analyze/clocks/track_inner.h"

/* A stretch between two breaks that agrees with itself for less than so many cells is not believed. */
#define PIECE_LEAST 3

static void find_pieces(struct ws_tracking *tracking)
{
	uint32_t n_cells = tracking->course.envelope->n_cells, cell = 0;

	while (cell < n_cells) {
		uint32_t broken = ws_course_follow(&tracking->course, cell);

		if (broken > cell)
			tracking->piece[tracking->n_pieces++] = (struct ws_piece) {
				.first = cell + (cell > 0),
				.end = broken,
				.begun = cell,
				.broken = broken,
			};
		cell = broken > cell ? broken : cell + 1;
	}
}

/* Takes from a piece's end what the next piece cannot explain: there the jump may have been already. */
static void trim(const struct ws_tracking *tracking, struct ws_piece *piece, const struct ws_piece *next)
{
	struct ws_region region = ws_course_anything();
	int64_t base_ns = ws_course_base(&tracking->course, next->begun);
	uint32_t cell = next->broken;

	while (cell > next->begun) {
		if (cell < tracking->course.envelope->n_cells)
			ws_course_step(&tracking->course, cell, cell - 1, &region);
		cell--;
		ws_course_see(&tracking->course, cell, base_ns, &region);
	}
	while (cell > piece->begun && region.n) {
		ws_course_step(&tracking->course, cell, cell - 1, &region);
		cell--;
		if (cell < piece->broken)
			ws_course_see(&tracking->course, cell, base_ns, &region);
	}
	/* If it explains all of it, only what lies between both breaks them. */
	if (!region.n && cell < piece->end)
		piece->end = cell;
}

/* How many cells of a stretch have packets; 0 if they all went one way. */
static uint32_t count_seen(const struct ws_tracking *tracking, uint32_t first, uint32_t end)
{
	const struct ws_cell *cell = tracking->course.envelope->cell;
	uint64_t n_upper = 0, n_lower = 0;
	uint32_t n_seen = 0;

	for (uint32_t i = first; i < end; i++) {
		n_upper += cell[i].n_upper;
		n_lower += cell[i].n_lower;
		n_seen += cell[i].n_upper || cell[i].n_lower;
	}
	return n_upper && n_lower ? n_seen : 0;
}

/* Trims the pieces, marks those that are too short for belief, and drops what says nothing. Returns how many are
 * believed. */
static uint32_t sort_pieces_out(struct ws_tracking *tracking)
{
	uint32_t n = 0, n_believed = 0, needed = tracking->n_pieces == 1 ? 1 : PIECE_LEAST;

	for (uint32_t i = 0; i + 1 < tracking->n_pieces; i++)
		trim(tracking, &tracking->piece[i], &tracking->piece[i + 1]);
	for (uint32_t i = 0; i < tracking->n_pieces; i++) {
		struct ws_piece piece = tracking->piece[i];

		piece.brief = count_seen(tracking, piece.first, piece.end) < needed;
		if (piece.brief && !count_seen(tracking, piece.begun, piece.broken))
			continue;
		n_believed += !piece.brief;
		tracking->piece[n++] = piece;
	}
	tracking->n_pieces = n;
	return n_believed;
}

/* Adds what the offset can be at a cell's moment. Returns how far it is above what was known: 0 if they meet. */
static int64_t add_range(struct ws_tracking *tracking, uint32_t cell, int64_t base_ns, const struct ws_region *region)
{
	struct ws_track_knot *knot = &tracking->track.knot[cell];
	double least, largest;
	int64_t least_ns, largest_ns;
	double apart = 0;

	if (!region->n)
		return 0;
	ws_region_offsets(region, &least, &largest);
	least_ns = ws_offset_from(base_ns, round(least));
	largest_ns = ws_offset_from(base_ns, round(largest));
	if (knot->least_ns > knot->largest_ns) {
		knot->least_ns = least_ns;
		knot->largest_ns = largest_ns;
		return 0;
	}
	knot->doubtful = true;
	if (least_ns > knot->largest_ns || largest_ns < knot->least_ns)
		apart = ws_ns_between(least_ns, knot->least_ns) / 2 + ws_ns_between(largest_ns, knot->largest_ns) / 2;
	knot->least_ns = least_ns < knot->least_ns ? least_ns : knot->least_ns;
	knot->largest_ns = largest_ns > knot->largest_ns ? largest_ns : knot->largest_ns;
	return ws_offset_from(0, apart);
}

/* Notes the moment of a cell's packets at which the offset is known best, if better than at its beginning. */
static void note_best(struct ws_tracking *tracking, uint32_t cell_no, int64_t base_ns, const struct ws_region *region)
{
	const struct ws_envelope *envelope = tracking->course.envelope;
	const struct ws_cell *cell = &envelope->cell[cell_no];
	double least, largest, width;

	ws_region_offsets(region, &least, &largest);
	width = largest - least;
	for (uint32_t i = 0; i < cell->n_upper + cell->n_lower; i++) {
		int64_t at_ns = envelope->limit[cell->limit + i].at_ns;
		struct ws_region then = *region;

		if (at_ns == cell->at_ns)
			continue;
		ws_region_advance(&then, ws_ns_between(at_ns, cell->at_ns) / 1e9, tracking->course.wander);
		ws_region_offsets(&then, &least, &largest);
		if (largest - least >= width)
			continue;
		width = largest - least;
		tracking->best[cell_no] = (struct ws_track_knot) {
			.at_ns = at_ns,
			.least_ns = ws_offset_from(base_ns, round(least)),
			.largest_ns = ws_offset_from(base_ns, round(largest)),
		};
	}
}

/* Writes what a piece says of the moments from cell first to last, its own and those that it is carried on to. Returns
 * the jump from what was known of them, or 0. */
static int64_t add_piece(struct ws_tracking *tracking, const struct ws_piece *piece, uint32_t first, uint32_t last)
{
	const struct ws_course *course = &tracking->course;
	int64_t base_ns = ws_course_base(course, piece->first), jump_ns = 0, apart_ns;
	struct ws_region region = ws_course_anything(), both;

	for (uint32_t cell = piece->first; cell < piece->end; cell++) {
		tracking->before[cell] = region;
		ws_course_see(course, cell, base_ns, &region);
		if (cell + 1 < course->envelope->n_cells)
			ws_course_step(course, cell, cell + 1, &region);
	}
	for (uint32_t cell = piece->end; cell <= last; cell++) {
		if (cell > piece->end)
			ws_course_step(course, cell - 1, cell, &region);
		add_range(tracking, cell, base_ns, &region);
	}
	region = ws_course_anything();
	for (uint32_t cell = piece->end; cell-- > first;) {
		if (cell + 1 < course->envelope->n_cells)
			ws_course_step(course, cell + 1, cell, &region);
		if (cell >= piece->first)
			ws_course_see(course, cell, base_ns, &region);
		both = region;
		if (cell >= piece->first)
			ws_region_intersect(&both, &tracking->before[cell]);
		if (cell >= piece->first && both.n && !piece->brief)
			note_best(tracking, cell, base_ns, &both);
		apart_ns = add_range(tracking, cell, base_ns, both.n ? &both : &region);
		jump_ns = apart_ns ? apart_ns : jump_ns;
	}
	return jump_ns;
}

/* Half way from a to b, b not before a. */
static int64_t middle(int64_t a, int64_t b)
{
	return (int64_t)(a + (int64_t)(((uint64_t)b - (uint64_t)a) / 2));
}

/* What is said of the moments between two pieces that are believed: by them, and by the brief ones between. */
static void add_pieces(struct ws_tracking *tracking)
{
	struct ws_track *track = &tracking->track;
	const struct ws_piece *before = NULL;

	for (uint32_t i = 0; i < tracking->n_pieces; i++) {
		const struct ws_piece *piece = &tracking->piece[i], *behind = piece + 1;
		const struct ws_piece *end = tracking->piece + tracking->n_pieces;
		uint32_t first = before ? before->end : 0;
		int64_t size_ns, at_ns;

		if (piece->brief)
			continue;
		while (behind < end && behind->brief)
			behind++;
		size_ns = add_piece(tracking, piece, first, behind < end ? behind->first : track->n_knots - 1);
		before = piece;
		if (!first || !size_ns)
			continue;
		at_ns = middle(track->knot[first].at_ns, track->knot[piece->first].at_ns);
		track->jump[track->n_jumps++] = (struct ws_clock_jump) { at_ns, at_ns - track->knot[first].at_ns,
									 size_ns };
	}
	before = NULL;
	for (uint32_t i = 0; i < tracking->n_pieces; i++) {
		struct ws_piece piece = tracking->piece[i];
		uint32_t last = i + 1;

		if (!piece.brief) {
			before = &tracking->piece[i];
			continue;
		}
		while (last < tracking->n_pieces && tracking->piece[last].brief)
			last++;
		piece.first = piece.begun;
		piece.end = piece.broken;
		add_piece(tracking, &piece, before ? before->end : 0,
			  last < tracking->n_pieces ? tracking->piece[last].first : track->n_knots - 1);
	}
}

bool ws_track_fill(struct ws_tracking *tracking)
{
	find_pieces(tracking);
	if (!sort_pieces_out(tracking))
		return false;
	add_pieces(tracking);
	return true;
}
