/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * absence - why a sighting has no partner, where names say more than the join knows: that its pod's vport was not
 * watched at all, or not at that time, or that it went from pod to pod of the same node.
 */
#ifndef WS_ANALYZE_ABSENCE_H
#define WS_ANALYZE_ABSENCE_H

#include "analyze/study.h"

/* What names say of the points of a source. */
struct ws_absence;

/* NULL, where no names are known. 0 or -ENOMEM. To be closed with ws_absence_close(). */
int ws_absence_open(struct ws_study *study, enum ws_source source, struct ws_absence **absence);

/*
 * Looks anew at the strays of a join of some of the source's packets that seem lost. At a NIC: one from or to a pod of
 * its node of which no vport was watched, and that is of no pod of which one was, becomes WS_CAUSE_OTHER_POD; that
 * needs the pods of all vports of the node to be known. One of a pod whose vport was watched at other times becomes
 * WS_CAUSE_OUTSIDE_WINDOW. At a vport: one whose both ends are pods of one node becomes WS_CAUSE_LOCAL. 0 or -ENOMEM.
 */
int ws_absence_of(struct ws_absence *absence, struct ws_join *join);

/* NULL is fine. */
void ws_absence_close(struct ws_absence *absence);

#endif
