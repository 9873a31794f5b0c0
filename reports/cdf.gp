# SPDX-License-Identifier: BSD-2-Clause
# cdf - the latency between the tracing points as distribution functions with their bands.
#
# gnuplot -d -c cdf.gp DATA TERMINAL COVERAGE [COLUMNS ROWS]
# DATA: cdf-drawn.tsv, as `analyze cdf` writes it. TERMINAL: svg, pdf, png or dumb; the picture goes to standard output.
# COVERAGE: what stands under the plot, lines separated by newlines. Renders only: every number drawn stands in DATA.

data = ARG1
terminal = ARG2
coverage = ARG3

# Colours of Okabe and Ito, which the colour-blind tell apart. Captures are thin and drawn last: both show where they
# agree.
array source[4] = ["ebpf", "ebpf", "pcap", "pcap"]
array way[4] = ["rx", "tx", "rx", "tx"]
array name[4] = ["eBPF rx (NIC to vport)", "eBPF tx (vport to NIC)", "pcap rx (NIC to vport)", "pcap tx (vport to NIC)"]
array color[4] = ["#0072B2", "#D55E00", "#000000", "#009E73"]
array width[4] = [2.5, 2.5, 1.5, 1.5]
array dash[4] = [1, "_ ", ".", "_."]

set datafile separator "\t"
set datafile missing "NaN"
set encoding utf8
is_dumb = terminal eq "dumb"

# Which curves are there?
array curve[4]
n_curves = 0
first_us = 1e300
last_us = 0
do for [i = 1:4] {
	stats data using (strcol(1) eq source[i] && strcol(2) eq way[i] ? $3 : NaN) nooutput name "S"
	if (exists("S_records") && S_records > 0) {
		n_curves = n_curves + 1
		curve[n_curves] = i
		first_us = S_min < first_us ? S_min : first_us
		last_us = S_max > last_us ? S_max : last_us
	}
	undefine S_*
}
if (n_curves == 0) { exit error "no curve to draw" }

# A latency of 0 ns has no place on a logarithmic axis: it is drawn at the clock's resolution.
shown(us) = us < 0.001 ? 0.001 : us
n_lines = 1
do for [i = 1:strlen(coverage)] { if (coverage[i:i] eq "\n") { n_lines = n_lines + 1 } }

# Paper: 5 in wide, 3.4 in high, and room for each line of coverage.
height = 3.4 + 0.13 * n_lines
if (terminal eq "svg") {
	set terminal svg size 640, int(128 * height) font "Helvetica,Arial,sans-serif,14" background "white" dashlength 0.6
}
if (terminal eq "png") {
	set terminal pngcairo size 1280, int(256 * height) font "Helvetica,22" linewidth 2 dashlength 0.6
}
if (terminal eq "pdf") { set terminal pdfcairo size 5, height font "Helvetica,11" dashlength 0.6 }
if (is_dumb) { set terminal dumb int(ARG4), int(ARG5) noenhanced }

set logscale x 10
set xlabel "latency [µs]"
set ylabel "CDF"
set yrange [0:1]
set xrange [shown(first_us) * 0.9 : shown(last_us) * 1.1]
set ytics 0.2
set xtics nomirror
# Decades alone leave a narrow range without numbers.
if (last_us / shown(first_us) < 1000) { set for [d = -3:9] xtics add (10.0 ** d, 2 * 10.0 ** d, 5 * 10.0 ** d) }
set format x "%g"
set ytics nomirror
set border 3
set key bottom right noenhanced reverse Left samplen 3
is(k) = strcol(1) eq source[curve[k]] && strcol(2) eq way[curve[k]]
if (is_dumb) {
	plot for [k = 1:n_curves] data using (is(k) ? shown($3) : NaN):4 with lines title name[curve[k]]
	exit
}
set grid xtics ytics linecolor "#dddddd" linewidth 0.5 linetype 1 dashtype solid
set bmargin 4.2 + 1.0 * n_lines
set label 1 coverage at screen 0.02, screen (0.035 + 0.037 * (n_lines - 1)) left noenhanced
set label 1 font ",9" textcolor "#444444"
if (terminal eq "png") { set label 1 font ",17" }
if (terminal eq "svg") { set label 1 font ",10.5" }
plot for [k = 1:n_curves] data using (is(k) ? shown($3) : NaN):5:6 \
	with filledcurves fillcolor rgb color[curve[k]] fillstyle transparent solid 0.13 noborder notitle, \
     for [k = 1:n_curves] data using (is(k) ? shown($3) : NaN):4 \
	with lines linewidth width[curve[k]] linecolor rgb color[curve[k]] dashtype dash[curve[k]] title name[curve[k]]
