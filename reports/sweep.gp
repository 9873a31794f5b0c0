# SPDX-License-Identifier: BSD-2-Clause
# sweep - the part of the contexts that a search of N bytes finds: from recorded offsets, and as live searches found it.
#
# gnuplot -d -c sweep.gp DATA TERMINAL COVERAGE [COLUMNS ROWS [X_LABEL]]
# DATA: panel, curve, kind, x, y, low, high, separated by tabs; rows of a curve and kind lie together, in the order of panels
# and curves; lines that begin with # are notes; names have no quotation marks. kind: offsets (y holds from x up to the next
# row's: a line of steps) or live (marks with their intervals). TERMINAL: svg, pdf, png or dumb (COLUMNS by ROWS); the
# picture goes to standard output. COVERAGE: what stands under the plot, lines separated by newlines. Renders only: every
# number drawn stands in DATA.

data = ARG1
terminal = ARG2
coverage = ARG3
x_label = ARG6 eq "" ? "search space [bytes of the request]" : ARG6
y_label = "detection rate [%]"
y_format = "%g"
here = ARG0[1:strlen(ARG0) - strlen("sweep.gp")]
if (terminal eq "dumb") { columns = int(ARG4); rows = int(ARG5) }

shown(x) = x
x_column = 4
load here . "runs.gp"
is_live(i) = run_kind[i] eq "live"
# Which curves have marks, and as which of them each comes.
array place[n_curves]
n_lines = 0
n_places = 0
do for [k = 1:n_curves] {
	place[k] = 0
	do for [i = 1:n_runs] {
		if (run_curve[i] == k && is_live(i) && place[k] == 0) { n_places = n_places + 1; place[k] = n_places }
	}
}
do for [i = 1:n_runs] { if (!is_live(i)) { n_lines = n_lines + 1 } }
# The key tells lines from marks if there are both.
n_notes = n_lines > 0 && n_places > 0 ? 2 : 0
load here . "layout.gp"

array point[8] = [7, 5, 9, 13, 11, 6, 4, 8]
point_of(k) = point[look(k)]
# Curves often agree to the pixel. Lines lie on one another, the first the widest, with gaps in those above it; marks stand
# side by side.
width_of(k) = 1.2 + (n_curves > 8 ? 0 : 0.9 * (n_curves - k))
beside(i) = (last_x - first_x) * (n_panels > 1 ? 0.018 : 0.011) * (place[run_curve[i]] - (n_places + 1) / 2.0)
# Only the rows where a line turns, and the last: else the dashes would begin anew with every row.
turn(y, row, i) = row == 0 || row == run_first[i + 1] - run_first[i] - 1 || y != drawn ? (drawn = y, 100 * y) : NaN
drawn = NaN
margin_x = last_x > first_x ? 0.05 * (last_x - first_x) : 1

set xrange [(first_x - margin_x < 0 && first_x >= 0 ? 0 : first_x - margin_x) : last_x + margin_x]
set yrange [0:103]
set ytics 0, 25, 100
set xtics nice((last_x - first_x + margin_x) / (n_panels > 1 ? 5 : 9))
if (terminal eq "dumb") {
	set key bottom right noenhanced reverse Left samplen 3
	unset grid
	set xlabel x_label noenhanced
	set format y y_format
	do for [p = 1:n_panels] {
		set title panel[p] noenhanced
		plot for [i = from_of(p, 1):to_of(p, n_runs)] data every ::run_first[i]::run_first[i + 1] - 1 \
			using 4:(is_live(i) ? NaN : 100 * $5) with steps title is_live(i) ? "" : curve[run_curve[i]], \
			for [i = from_of(p, 1):to_of(p, n_runs)] data every ::run_first[i]::run_first[i + 1] - 1 \
			using 4:(is_live(i) ? 100 * $5 : NaN) with points title is_live(i) ? curve[run_curve[i]] . ", live" : ""
	}
	exit
}
# The terminals do not agree on the size of a mark.
size_of_marks = (n_panels > 1 ? 0.6 : 0.8) * (terminal eq "svg" ? 0.7 : 1)
set multiplot
do for [p = 1:n_panels] {
	eval go_to
	if (p == 1) { eval texts } else { unset label }
	from = from_of(p, 1)
	to = to_of(p, n_runs)
	# Bars as double-headed arrows with blunt heads: gnuplot's own error bars blank out what lies under their marks.
	plot NaN, \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 \
			using 4:(is_live(i) ? NaN : turn($5, $0, i)) with steps \
			linewidth width_of(run_curve[i]) linecolor rgb color_of(run_curve[i]) dashtype dash_of(run_curve[i]), \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 \
			using ($4 + beside(i)):(is_live(i) ? 100 * $6 : NaN):(0):(100 * ($7 - $6)) \
			with vectors heads size screen 0.005, 90 linewidth 1.5 linecolor rgb color_of(run_curve[i]), \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 \
			using ($4 + beside(i)):(is_live(i) ? 100 * $5 : NaN) with points linewidth 1.5 \
			pointtype 7 pointsize 1.35 * size_of_marks linecolor rgb "white", \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 \
			using ($4 + beside(i)):(is_live(i) ? 100 * $5 : NaN) with points linewidth 1.5 \
			pointtype point_of(run_curve[i]) pointsize size_of_marks linecolor rgb color_of(run_curve[i])
}
eval go_to_key
plot NaN notitle, \
	for [k = 1:n_curves] keyentry with linespoints linewidth width_of(k) linecolor rgb color_of(k) dashtype dash_of(k) \
		pointtype (place[k] > 0 ? point_of(k) : -1) pointsize size_of_marks title curve[k], \
	for [i = 2:n_notes] keyentry with lines linewidth 1.2 linecolor rgb "#777777" title "line: recorded offsets", \
	for [i = 2:n_notes] keyentry with points pointtype 7 pointsize size_of_marks linecolor rgb "#777777" \
		title "mark: live search"
unset multiplot
