/* SPDX-License-Identifier: BSD-2-Clause */
/* course - see course.h. */
#include "analyze/clocks/course.h"

/* No packet is longer on its way: 4000 s. */
#define OFFSET_MAX 4e12

/* After a longer gap nothing is known any more: 11 days. */
#define GAP_MAX_S 1e6

/* Room for rounding, or what agrees to the last digit would not. Stamps are cut off to whole ns, delays are longer. */
#define ROUNDING_NS 0.01

int64_t ws_course_base(const struct ws_course *course, uint32_t cell)
{
	const struct ws_envelope *envelope = course->envelope;
	size_t limit = cell < envelope->n_cells ? envelope->cell[cell].limit : envelope->n_limits;

	if (!envelope->n_limits)
		return 0;
	return envelope->limit[limit < envelope->n_limits ? limit : envelope->n_limits - 1].value_ns;
}

struct ws_region ws_course_anything(void)
{
	return ws_region_box(OFFSET_MAX, WS_RATE_MAX);
}

void ws_course_step(const struct ws_course *course, uint32_t from, uint32_t to, struct ws_region *region)
{
	const struct ws_cell *cell = course->envelope->cell;
	double dt_s = ws_ns_between(cell[to].at_ns, cell[from].at_ns) / 1e9;

	if (dt_s > GAP_MAX_S || dt_s < -GAP_MAX_S) {
		*region = ws_course_anything();
		return;
	}
	ws_region_advance(region, dt_s, course->wander);
	ws_region_cut(region, 0, 1, WS_RATE_MAX);
	ws_region_cut(region, 0, -1, WS_RATE_MAX);
}

bool ws_course_see(const struct ws_course *course, uint32_t cell_no, int64_t base_ns, struct ws_region *region)
{
	const struct ws_cell *cell = &course->envelope->cell[cell_no];
	const struct ws_limit *limit = course->envelope->limit + cell->limit;

	for (uint32_t i = 0; i < cell->n_upper + cell->n_lower && region->n; i++) {
		double dt_s = ws_ns_between(limit[i].at_ns, cell->at_ns) / 1e9;
		double value = ws_ns_between(limit[i].value_ns, base_ns);
		/* The rate is that at the cell's moment: up to the packet it has changed a little. */
		double room = ROUNDING_NS - cell->spare_ns + course->wander * dt_s * dt_s / 2;

		if (i < cell->n_upper)
			ws_region_cut(region, 1, dt_s, value + room);
		else
			ws_region_cut(region, -1, -dt_s, room - value);
	}
	return region->n > 0;
}

uint32_t ws_course_follow(const struct ws_course *course, uint32_t from)
{
	struct ws_region region = ws_course_anything();
	int64_t base_ns = ws_course_base(course, from);
	uint32_t cell = from;

	while (cell < course->envelope->n_cells && ws_course_see(course, cell, base_ns, &region)) {
		if (cell + 1 < course->envelope->n_cells)
			ws_course_step(course, cell, cell + 1, &region);
		cell++;
	}
	return cell;
}

uint32_t ws_course_breaks(const struct ws_course *course)
{
	uint32_t n = 0, cell = 0, next;

	while (cell < course->envelope->n_cells) {
		next = ws_course_follow(course, cell);
		n += next < course->envelope->n_cells;
		cell = next > cell ? next : cell + 1;
	}
	return n;
}
