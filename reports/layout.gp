# SPDX-License-Identifier: BSD-2-Clause
# layout - where the panels, the key and the texts of a figure of many panels stand; loaded by panels.gp and sweep.gp.
#
# Before: terminal, coverage, x_label, y_label, n_panels, panel[], n_curves, curve[], n_notes (entries of the key beside the
# curves), and with a dumb terminal columns and rows. Sets the terminal. All sizes are pixels of the SVG.

# Colours of Okabe and Ito, which the colour-blind tell apart; dashes and widths tell apart without colour.
array color[8] = ["#0072B2", "#D55E00", "#000000", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"]
array dash[4] = [1, "_ ", ".", "_."]
look(k) = (k - 1) % 8 + 1
color_of(k) = color[look(k)]
dash_of(k) = dash[(k - 1) % 4 + 1]

set encoding utf8
n_across = n_panels > 1 ? 2 : 1
n_down = (n_panels + n_across - 1) / n_across
px = n_panels > 1 ? 12 : 14
width = 640
lines_of(s) = strstrt(s, "\n") ? 1 + lines_of(s[strstrt(s, "\n") + 1:*]) : 1

# A title goes on in the next line where it is as wide as its panel.
fit = int((width / n_across - 60) / (0.56 * px))
space_in(s, i) = i < fit / 2 ? fit : s[i:i] eq " " ? i : space_in(s, i - 1)
wrap(s) = strlen(s) <= fit ? s : s[1:space_in(s, fit)] . "\n" . wrap(s[space_in(s, fit) + 1:*])
n_title_lines = 0
do for [p = 1:n_panels] {
	panel[p] = wrap(panel[p])
	n = panel[p] eq "" ? 0 : lines_of(panel[p])
	n_title_lines = n > n_title_lines ? n : n_title_lines
}
n_key = n_curves + n_notes
longest = n_notes > 0 ? 22 : 0
do for [k = 1:n_curves] { longest = strlen(curve[k]) > longest ? strlen(curve[k]) : longest }
# As wide as the terminals take it, so that they need no more rows than there is room for.
key_columns = longest * 0.7 * px + 80 > width / 2 ? 1 : 2
key_rows = (n_key + key_columns - 1) / key_columns

h_title = 8 + n_title_lines * px * 1.5
h_plot = n_panels > 1 ? 150 : 300
h_gap = 8
h_tics = 2 * px
h_label = x_label eq "" ? 6 : 1.9 * px
h_key = 8 + key_rows * px * 1.55
h_coverage = coverage eq "" ? 4 : 14 + 14.5 * lines_of(coverage)
w_left = 4.6 * px
w_right = 16
w_gap = 22
w_plot = (width - w_left - w_right - (n_across - 1) * w_gap) / n_across
height = int(n_down * (h_title + h_plot) + (n_down - 1) * h_gap + h_tics + h_label + h_key + h_coverage)

across(p) = (p - 1) % n_across
down(p) = (p - 1) / n_across
x_of(p) = w_left + across(p) * (w_plot + w_gap)
y_of(p) = h_title + down(p) * (h_title + h_plot + h_gap)
# Below these there is no other.
is_lowest(p) = p + n_across > n_panels
x_screen(x) = x / (1.0 * width)
y_screen(y) = 1 - y / (1.0 * height)
y_bottom = y_of(n_panels) + h_plot + h_tics
y_key = y_bottom + h_label + h_key / 2.0

if (terminal eq "svg") {
	set terminal svg size width, height font sprintf("Helvetica,Arial,sans-serif,%d", px) background "white" dashlength 0.6
}
if (terminal eq "png") {
	set terminal pngcairo size 2 * width, 2 * height font sprintf("Helvetica,%g", 1.5 * px) linewidth 2 dashlength 0.6
}
if (terminal eq "pdf") {
	set terminal pdfcairo size width / 96.0, height / 96.0 font sprintf("Helvetica,%g", 0.75 * px) dashlength 0.6
}
if (terminal eq "dumb") { set terminal dumb columns, rows noenhanced }
font_of(pixels) = sprintf(",%g", terminal eq "svg" ? pixels : terminal eq "png" ? 1.5 * pixels : 0.75 * pixels)

# The next larger of 1, 2, 5, 10, 20 ...
nice(x) = nice_in(x, 10.0 ** floor(log10(x)))
nice_in(x, decade) = x <= decade ? decade : x <= 2 * decade ? 2 * decade : x <= 5 * decade ? 5 * decade : 10 * decade

# Goes to panel p of a multiplot.
go_to = "set lmargin at screen x_screen(x_of(p)); set rmargin at screen x_screen(x_of(p) + w_plot); \
	set tmargin at screen y_screen(y_of(p)); set bmargin at screen y_screen(y_of(p) + h_plot); \
	set title panel[p] noenhanced offset 0, -0.6; \
	if (is_lowest(p)) { set format x '%g' } else { set format x '' }; \
	if (across(p) == 0) { set format y y_format } else { set format y '' }"

# The texts around the panels: once, with the first.
texts = "set label 1 x_label at screen x_screen(w_left + (width - w_left - w_right) / 2.0), screen y_screen(y_bottom + 0.7 * px) \
		center noenhanced; \
	set label 2 y_label at screen x_screen(px), screen y_screen((h_title + y_bottom - h_tics) / 2.0) center rotate by 90 noenhanced; \
	set label 3 coverage at screen 0.02, screen y_screen(height - h_coverage + 14) left noenhanced \
		font font_of(10.5) textcolor '#444444'"

# An invisible panel over everything, whose key is the figure's.
go_to_key = "unset label; unset title; unset tics; unset border; unset grid; unset xlabel; unset ylabel; unset logscale; \
	set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0; \
	set xrange [0:1]; set yrange [0:1]; \
	set key at screen 0.5, screen y_screen(y_key) center center horizontal maxcols key_columns noenhanced reverse Left \
		samplen 4 spacing 1.1"

set ytics nomirror
set xtics nomirror
set border 3
unset key
set grid xtics ytics linecolor "#dddddd" linewidth 0.5 linetype 1 dashtype solid
