# SPDX-License-Identifier: BSD-2-Clause
# agreement - differences of two methods over the mean of both, a dot a packet (Bland-Altman), in small multiples.
#
# gnuplot -d -c agreement.gp DATA TERMINAL COVERAGE [COLUMNS ROWS [X_LABEL]]
# DATA: panel, kind, x, y, separated by tabs; rows of a kind lie together, in the order of panels; kind packet is drawn as
# dots, every other kind as a level line at y. Lines that begin with # are notes. TERMINAL: svg, pdf, png or dumb (COLUMNS by
# ROWS). COVERAGE: what stands under the plot. Renders only. The y axis is the inverse hyperbolic sine: linear about 0,
# logarithmic beyond, so that no packet lies outside.

data = ARG1
terminal = ARG2
coverage = ARG3
x_label = ARG6 eq "" ? "mean of both [µs]" : ARG6
y_label = "difference [µs]"
y_format = "%g"
here = ARG0[1:strlen(ARG0) - strlen("agreement.gp")]
if (terminal eq "dumb") { columns = int(ARG4); rows = int(ARG5) }

shown(x) = x < 0.001 ? 0.001 : x
x_column = 3
load here . "runs.gp"
n_notes = 0
load here . "layout.gp"

low_y = 0
high_y = 0
see(y) = (low_y = y < low_y ? y : low_y, high_y = y > high_y ? y : high_y, y)
stats data using (see($4)) nooutput
is_dots(i) = curve[run_curve[i]] eq "packet"
set nonlinear y via asinh(2 * y) inverse sinh(y) / 2
set logscale x 10
set xrange [0.9 * first_x : 1.1 * last_x]
set yrange [1.2 * low_y - 0.2 : 1.2 * high_y + 0.2]
set ytics (0)
do for [d = 0:6] { set ytics add (10.0 ** d, -10.0 ** d) }
set xtics (1)
do for [d = -3:6] { set xtics add (10.0 ** d, 2 * 10.0 ** d, 5 * 10.0 ** d) }
set xzeroaxis linewidth 0.5 linecolor rgb "#999999"
first = shown(first_x)

if (terminal eq "dumb") {
	set key bottom right noenhanced reverse Left samplen 3
	unset grid
	set xlabel x_label noenhanced
	set format y y_format
	do for [p = 1:n_panels] {
		set title panel[p] noenhanced
		plot for [i = from_of(p, 1):to_of(p, n_runs)] data every ::run_first[i]::run_first[i + 1] - 1 \
			using (is_dots(i) ? shown($3) : first):4 with points title curve[run_curve[i]]
	}
	exit
}
size_of_marks = terminal eq "svg" ? 0.15 : 0.2
set multiplot
do for [p = 1:n_panels] {
	eval go_to
	if (p == 1) { eval texts } else { unset label }
	from = from_of(p, 1)
	to = to_of(p, n_runs)
	plot NaN, \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 using (is_dots(i) ? shown($3) : NaN):4 \
			with points pointtype 7 pointsize size_of_marks linecolor rgb color_of(1), \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 \
			using (is_dots(i) ? NaN : first):4:(last_x - first):(0) with vectors nohead linewidth 1.5 \
			linecolor rgb color_of(run_curve[i]) dashtype dash_of(run_curve[i])
}
unset nonlinear y
eval go_to_key
plot NaN notitle, \
	for [k = 1:n_curves] keyentry with linespoints linewidth (curve[k] eq "packet" ? 0 : 1.5) linecolor rgb color_of(k) \
		dashtype dash_of(k) pointtype (curve[k] eq "packet" ? 7 : -1) pointsize 0.4 title curve[k]
unset multiplot
