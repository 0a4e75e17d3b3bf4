package console

import (
	"fmt"
	"strconv"
	"time"

	"handrail/client"
)

const (
	// plotMinutes is how many minutes a plot shows, each of which is plotStep wide.
	plotMinutes = 60
	plotStep    = 4
	plotHeight  = 40
)

// plot shows how many attempts of one kind there were in each minute of the last hour.
type plot struct {
	name string
	tone string
	// sum is the number of attempts, most the largest number in one minute.
	sum, most int64
	bars      []bar
}

// bar is a minute that had attempts.
type bar struct{ x, y, height int64 }

// label returns what the plot shows, in words.
func (p *plot) label() string {
	if p.sum == 0 {
		return p.name + ": none in the last hour"
	}

	return fmt.Sprintf("%s: %d in the last hour, %d in the busiest minute", p.name, p.sum, p.most)
}

// width returns how wide a bar is.
func (bar) width() string { return strconv.Itoa(plotStep - 1) }

// plotBox is the coordinate system of a plot.
func plotBox() string { return fmt.Sprintf("0 0 %d %d", plotMinutes*plotStep, plotHeight) }

// plotSender returns the plots of a sender: accepted, throttled and failed attempts.
func plotSender(now time.Time, minutes []client.SenderMinute) []plot {
	plots := []plot{
		{name: "Accepted", tone: toneGood},
		{name: "Too many (429)", tone: toneWarn},
		{name: "Failed (5xx, no answer)", tone: toneBad},
	}

	first := now.Truncate(time.Minute).Add(-(plotMinutes - 1) * time.Minute)

	for i := range plots {
		counts := map[int64]int64{}

		for _, minute := range minutes {
			count := []int64{minute.Accepted, minute.Throttled, minute.Failed}[i]
			at := int64(minute.At.Sub(first) / time.Minute)

			if minute.At.Before(first) || at >= plotMinutes || count == 0 {
				continue
			}

			counts[at] += count
			plots[i].sum += count
			plots[i].most = max(plots[i].most, counts[at])
		}

		plots[i].draw(counts)
	}

	return plots
}

// draw adds a bar for each minute with attempts. Even the smallest is visible.
func (p *plot) draw(counts map[int64]int64) {
	for at := range int64(plotMinutes) {
		if counts[at] == 0 {
			continue
		}

		height := max(2, counts[at]*plotHeight/p.most)
		p.bars = append(p.bars, bar{
			x:      at * plotStep,
			y:      plotHeight - height,
			height: height,
		})
	}
}
