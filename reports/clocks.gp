# SPDX-License-Identifier: BSD-2-Clause
# clocks - how nodes' clocks go against their references', less their drift, with what their bounds leave open.
#
# gnuplot -d -c clocks.gp DATA TERMINAL COVERAGE
# DATA: node, seconds, offset, low, high, drift, separated by tabs; rows of a node lie together; lines that begin with # are
# notes; names have no quotation marks. TERMINAL: svg, pdf or png; the picture goes to standard output. COVERAGE: unused.
# Renders only: every number drawn stands in DATA.

data = ARG1
terminal = ARG2

set datafile separator "\t"
set encoding utf8

# The nodes, in the order in which they come.
last = ""
names = ""
n = 0
last_x = 0
note(name) = name eq last ? 0 : (last = name, names = names . name . "\t", n = n + 1, 0)
stats data using (note(strcol(1)) + (last_x = $2 > last_x ? $2 : last_x)) nooutput
if (n == 0) { exit error "no clock to draw" }
array row[n]
do for [i = 1:n] {
	end = strstrt(names, "\t")
	row[i] = names[1:end - 1]
	names = names[end + 1:*]
}

# All sizes are pixels of the SVG.
width = 640
h_row = 130
h_bottom = 46
height = n * h_row + h_bottom
if (terminal eq "svg") {
	set terminal svg size width, height font "Helvetica,Arial,sans-serif,12" background "white" dashlength 0.6
}
if (terminal eq "png") { set terminal pngcairo size 2 * width, 2 * height font "Helvetica,18" linewidth 2 dashlength 0.6 }
if (terminal eq "pdf") { set terminal pdfcairo size width / 96.0, height / 96.0 font "Helvetica,9" dashlength 0.6 }
font_of(pixels) = sprintf(",%g", terminal eq "svg" ? pixels : terminal eq "png" ? 1.5 * pixels : 0.75 * pixels)

band_color = "#0072B2"
set lmargin at screen 70.0 / width
set rmargin at screen 1 - 22.0 / width
set xrange [0:last_x]
set border 3
tick_font = font_of(9)
set ytics out nomirror font tick_font
set grid ytics linecolor "#dddddd" linewidth 0.5 linetype 1 dashtype solid
set style fill solid 0.25 noborder
unset key
is(i) = strcol(1) eq row[i]
drift = 0
set multiplot
do for [i = 1:n] {
	top = h_bottom + (n - i + 1) * h_row
	set tmargin at screen (top - 26.0) / height
	set bmargin at screen (top - h_row + 12.0) / height
	stats data using (is(i) ? (drift = $6) : NaN) nooutput
	set label 1 row[i] . sprintf(": drift %+.3f µs/s", drift) at graph 0, graph 1.12 left noenhanced font font_of(11) \
		textcolor "#222222"
	if (i == n) { set xlabel "time [s]"; set xtics out nomirror } else { unset xlabel; set xtics out nomirror format "" }
	if (i == n) { set format x "%g" }
	set ylabel "offset less drift [µs]" font font_of(9)
	plot data using (is(i) ? $2 : NaN):4:5 with filledcurves linecolor rgb band_color, \
	     data using (is(i) ? $2 : NaN):3 with lines linewidth 1.2 linecolor rgb band_color
}
unset multiplot
