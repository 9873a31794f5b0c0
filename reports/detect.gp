# SPDX-License-Identifier: BSD-2-Clause
# detect - the part of the contexts that a search of N bytes finds, with Wilson intervals.
#
# gnuplot -d -c detect.gp DATA TERMINAL COVERAGE
# DATA: detect.tsv, as `analyze detect` writes it. TERMINAL: svg, pdf or png; the picture goes to standard output.
# COVERAGE: what stands under the plot, lines separated by newlines. Renders only: every number drawn stands in DATA.

data = ARG1
terminal = ARG2
coverage = ARG3

array color[8] = ["#0072B2", "#D55E00", "#000000", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"]
array dash[4] = [1, "_ ", ".", "_."]
array point[8] = [7, 5, 6, 4, 9, 8, 11, 10]

set datafile separator "\t"
set datafile missing "NaN"
set encoding utf8

# The curves, in the order of their first row: rows of a curve lie together.
last = ""
names = ""
n = 0
first_n = 1e300
last_n = 0
widen(x) = (first_n = x < first_n ? x : first_n, last_n = x > last_n ? x : last_n, x)
note(name) = name eq last ? 0 : (last = name, names = names . name . "\t", n = n + 1, 0)
stats data using (note(strcol(1) . " at " . strcol(2)) + widen($3)) nooutput
if (n == 0) { n = 1; names = "no data\t" }
array curve[n]
do for [i = 1:n] {
	end = strstrt(names, "\t")
	curve[i] = names[1:end - 1]
	names = names[end + 1:*]
}

n_lines = 1
do for [i = 1:strlen(coverage)] { if (coverage[i:i] eq "\n") { n_lines = n_lines + 1 } }
height = 3.4 + 0.13 * n_lines
if (terminal eq "svg") {
	set terminal svg size 640, int(128 * height) font "Helvetica,Arial,sans-serif,14" background "white" dashlength 0.6
}
if (terminal eq "png") {
	set terminal pngcairo size 1280, int(256 * height) font "Helvetica,22" linewidth 2 dashlength 0.6
}
if (terminal eq "pdf") { set terminal pdfcairo size 5, height font "Helvetica,11" dashlength 0.6 }

set xlabel "search space [bytes of the request]"
set ylabel "detection rate"
set yrange [0:1.03]
set xrange [0:*]
set offsets graph 0, graph 0.03, 0, 0
set ytics 0.2 nomirror
set xtics nomirror
set border 3
set key bottom right noenhanced reverse Left samplen 3
set grid xtics ytics linecolor "#dddddd" linewidth 0.5 linetype 1 dashtype solid
set bmargin 4.2 + 1.0 * n_lines
set label 1 coverage at screen 0.02, screen (0.035 + 0.037 * (n_lines - 1)) left noenhanced
set label 1 font ",9" textcolor "#444444"
if (terminal eq "png") { set label 1 font ",17" }
if (terminal eq "svg") { set label 1 font ",10.5" }

c(i) = (i - 1) % 8 + 1
d(i) = (i - 1) % 4 + 1
# Curves often agree to the pixel: they are drawn side by side, or the last would hide all others.
beside(i) = (last_n - first_n) * 0.006 * (i - (n + 1) / 2.0)
is(i) = strcol(1) . " at " . strcol(2) eq curve[i]
# Bars as double-headed arrows with blunt heads: gnuplot's own error bars blank out what lies under their marks.
plot for [i = 1:n] data using (is(i) ? $3 + beside(i) : NaN):7:(0):($8 - $7) \
	with vectors heads size screen 0.005, 90 linewidth 1.5 linecolor rgb color[c(i)] notitle, \
     for [i = 1:n] data using (is(i) ? $3 + beside(i) : NaN):6 \
	with linespoints linewidth 1.5 linecolor rgb color[c(i)] dashtype dash[d(i)] \
	pointtype point[c(i)] pointsize 0.5 title curve[i]
