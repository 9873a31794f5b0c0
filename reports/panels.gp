# SPDX-License-Identifier: BSD-2-Clause
# panels - distribution functions with their bands, one small plot beside the other.
#
# gnuplot -d -c panels.gp DATA TERMINAL COVERAGE [COLUMNS ROWS [X_LABEL]]
# DATA: panel, curve, x, cdf, low, high, separated by tabs; rows of a curve lie together, in the order of panels and curves;
# lines that begin with # are notes; names have no quotation marks. TERMINAL: svg, pdf, png or dumb (COLUMNS by ROWS); the
# picture goes to standard output. COVERAGE: what stands under the plot, lines separated by newlines. Renders only: every
# number drawn stands in DATA.

data = ARG1
terminal = ARG2
coverage = ARG3
x_label = ARG6 eq "" ? "latency [µs]" : ARG6
y_label = "CDF"
y_format = "%g"
here = ARG0[1:strlen(ARG0) - strlen("panels.gp")]
if (terminal eq "dumb") { columns = int(ARG4); rows = int(ARG5) }

# What is 0 has no place on a logarithmic axis: it is drawn at a thousandth, the clock's resolution.
shown(x) = x < 0.001 ? 0.001 : x
x_column = 3
load here . "runs.gp"
n_notes = 0
load here . "layout.gp"

set logscale x 10
left_x = first_x * 0.9
right_x = last_x * 1.1
set xrange [left_x:right_x]
set yrange [0:1]
set ytics 0.25
# Decades alone leave a narrow range without numbers.
ratio = right_x / left_x
step = nice((right_x - left_x) / 5)
if (ratio < 5) {
	set xtics ()
	do for [i = int(ceil(left_x / step)):int(floor(right_x / step))] { set xtics add (i * step) }
}
if (ratio >= 5 && ratio < (n_panels > 1 ? 100 : 1000)) {
	set for [d = -3:9] xtics add (10.0 ** d, 2 * 10.0 ** d, 5 * 10.0 ** d)
}
# Later curves are thinner: both show where they agree.
width_of(k) = look(k) <= 4 ? 2.4 - 0.25 * (look(k) - 1) : 1.1

if (terminal eq "dumb") {
	set key bottom right noenhanced reverse Left samplen 3
	unset grid
	set xlabel x_label noenhanced
	do for [p = 1:n_panels] {
		set title panel[p] noenhanced
		plot for [i = from_of(p, 1):to_of(p, n_runs)] data every ::run_first[i]::run_first[i + 1] - 1 \
			using (shown($3)):4 with lines title curve[run_curve[i]]
	}
	exit
}
set multiplot
do for [p = 1:n_panels] {
	eval go_to
	if (p == 1) { eval texts } else { unset label }
	from = from_of(p, 1)
	to = to_of(p, n_runs)
	plot for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 using (shown($3)):5:6 with filledcurves \
			fillcolor rgb color_of(run_curve[i]) fillstyle transparent solid 0.13 noborder, \
		for [i = from:to] data every ::run_first[i]::run_first[i + 1] - 1 using (shown($3)):4 with lines \
			linewidth width_of(run_curve[i]) linecolor rgb color_of(run_curve[i]) dashtype dash_of(run_curve[i])
}
eval go_to_key
plot NaN notitle, for [k = 1:n_curves] keyentry with lines \
	linewidth width_of(k) linecolor rgb color_of(k) dashtype dash_of(k) title curve[k]
unset multiplot
