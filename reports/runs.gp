# SPDX-License-Identifier: BSD-2-Clause
# runs - finds the panels and curves of a figure of many panels; loaded by panels.gp and sweep.gp.
#
# Before: data, x_column (the columns before it name a run of rows: panel, curve, kind if there is one), and shown(), where
# x is drawn. After: n_panels, panel[], n_curves, curve[], both in the order of their first row; n_runs, and of each
# run_panel[], run_curve[], run_kind[], run_first[] (its first row; that of run n_runs + 1 ends the last); first_x, last_x.

set encoding utf8
set datafile separator "\t"
set datafile missing "NaN"

panels = "\t"
curves = "\t"
begins = ""
last = "\t"
n_panels = 0
n_curves = 0
n_runs = 0
n_rows = 0
first_x = 1e300
last_x = -1e300
widen(x) = (first_x = x < first_x ? x : first_x, last_x = x > last_x ? x : last_x, 0)
note_panel(p) = strstrt(panels, "\t" . p . "\t") ? 0 : (panels = panels . p . "\t", n_panels = n_panels + 1, 0)
note_curve(c) = strstrt(curves, "\t" . c . "\t") ? 0 : (curves = curves . c . "\t", n_curves = n_curves + 1, 0)
note(p, c, k) = p . "\t" . c . "\t" . k eq last ? 0 : (last = p . "\t" . c . "\t" . k, note_panel(p), note_curve(c), \
	n_runs = n_runs + 1, begins = begins . sprintf("%d\t", n_rows) . last . "\t", 0)
kind_at(c) = c < x_column ? strcol(c) : ""
stats data using (note(strcol(1), strcol(2), kind_at(3)), n_rows = n_rows + 1, widen(shown(column(x_column)))) nooutput
if (n_runs == 0) { exit error "no curve to draw" }

# The fields of a list that ends each with a tab.
field(list, i) = i > 1 ? field(list[strstrt(list, "\t") + 1:*], i - 1) : list[1:strstrt(list, "\t") - 1]
rest(list, i) = i > 0 ? rest(list[strstrt(list, "\t") + 1:*], i - 1) : list
array panel[n_panels]
array curve[n_curves]
array run_panel[n_runs]
array run_curve[n_runs]
array run_kind[n_runs]
array run_first[n_runs + 1]
panels = rest(panels, 1)
curves = rest(curves, 1)
do for [p = 1:n_panels] { panel[p] = field(panels, 1); panels = rest(panels, 1) }
do for [k = 1:n_curves] { curve[k] = field(curves, 1); curves = rest(curves, 1) }
do for [i = 1:n_runs] {
	run_first[i] = int(field(begins, 1))
	do for [p = 1:n_panels] { if (panel[p] eq field(begins, 2)) { run_panel[i] = p } }
	do for [k = 1:n_curves] { if (curve[k] eq field(begins, 3)) { run_curve[i] = k } }
	run_kind[i] = field(begins, 4)
	begins = rest(begins, 4)
}
run_first[n_runs + 1] = n_rows

# The first run of panel p from run i on; the last one up to run i.
from_of(p, i) = i > n_runs || run_panel[i] == p ? i : from_of(p, i + 1)
to_of(p, i) = i < 1 || run_panel[i] == p ? i : to_of(p, i - 1)
