# SPDX-License-Identifier: BSD-2-Clause
# offsets - where in the head contexts begin and end: histograms, a row for each group.
#
# gnuplot -d -c offsets.gp DATA TERMINAL COVERAGE
# DATA: row, kind, from, to, part, separated by tabs; kind: begin (drawn upwards) or end (drawn downwards); rows of a row lie
# together; lines that begin with # are notes; names have no quotation marks. TERMINAL: svg, pdf or png; the picture goes to
# standard output. COVERAGE: what stands under the plot. Renders only: every number drawn stands in DATA.

data = ARG1
terminal = ARG2
coverage = ARG3

set datafile separator "\t"
set encoding utf8

# The rows, in the order in which they come.
last = ""
names = ""
n = 0
last_x = 0
note(name) = name eq last ? 0 : (last = name, names = names . name . "\t", n = n + 1, 0)
stats data using (note(strcol(1)) + (last_x = $4 > last_x ? $4 : last_x)) nooutput
if (n == 0) { exit error "no row to draw" }
array row[n]
do for [i = 1:n] {
	end = strstrt(names, "\t")
	row[i] = names[1:end - 1]
	names = names[end + 1:*]
}

# Colours of Okabe and Ito, which the colour-blind tell apart.
begin_color = "#0072B2"
end_color = "#D55E00"

n_lines = coverage eq "" ? 0 : 1
do for [i = 1:strlen(coverage)] { if (coverage[i:i] eq "\n") { n_lines = n_lines + 1 } }
# All sizes are pixels of the SVG.
width = 640
h_row = 66
h_top = 34
h_bottom = 52 + 15 * n_lines
height = h_top + n * h_row + h_bottom
if (terminal eq "svg") {
	set terminal svg size width, height font "Helvetica,Arial,sans-serif,12" background "white" dashlength 0.6
}
if (terminal eq "png") { set terminal pngcairo size 2 * width, 2 * height font "Helvetica,18" linewidth 2 dashlength 0.6 }
if (terminal eq "pdf") { set terminal pdfcairo size width / 96.0, height / 96.0 font "Helvetica,9" dashlength 0.6 }
font_of(pixels) = sprintf(",%g", terminal eq "svg" ? pixels : terminal eq "png" ? 1.5 * pixels : 0.75 * pixels)

set lmargin at screen 16.0 / width
set rmargin at screen 1 - 22.0 / width
set tmargin at screen 1 - h_top / (1.0 * height)
set bmargin at screen h_bottom / (1.0 * height)
set xrange [0:last_x]
set yrange [0:n]
unset ytics
set xtics out nomirror
set border 1
set grid xtics linecolor "#dddddd" linewidth 0.5 linetype 1 dashtype solid
set xlabel "bytes from the beginning of the request"
# The base line of row i; what begins stands on it, what ends hangs from it.
base(i) = n - i + 0.42
do for [i = 1:n] { set label i row[i] at 0, base(i) + 0.47 left noenhanced font font_of(10.5) textcolor "#222222" }
if (n_lines > 0) {
	set label n + 1 coverage at screen 0.02, screen (15 * n_lines - 5) / (1.0 * height) left noenhanced font font_of(10.5) \
		textcolor "#444444"
}
set key at screen 0.98, screen 1 - 14.0 / height right center horizontal noenhanced reverse Left samplen 1.5
set style fill solid 0.75 noborder
is(i, kind) = strcol(1) eq row[i] && strcol(2) eq kind
plot for [i = 1:n] base(i) with lines linewidth 0.5 linecolor rgb "#777777" notitle, \
     for [i = 1:n] data using (is(i, "begin") ? ($3 + $4) / 2 : NaN):(base(i)):3:4:(base(i)):(base(i) + 0.36 * $5) \
	with boxxyerror linecolor rgb begin_color title i == 1 ? "first byte of the context" : "", \
     for [i = 1:n] data using (is(i, "end") ? ($3 + $4) / 2 : NaN):(base(i)):3:4:(base(i) - 0.36 * $5):(base(i)) \
	with boxxyerror linecolor rgb end_color title i == 1 ? "last byte of its ids" : ""
