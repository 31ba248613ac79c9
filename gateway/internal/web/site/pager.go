package site

import (
	"strconv"

	"github.com/gin-gonic/gin"
)

// Pager leads through a list that is longer than a page, and says how much of it is shown.
type Pager struct {
	From, To, Total int
	Newer, Older    string // addresses; empty where there is nothing
}

// maxPageNumber bounds what is read of an address.
const maxPageNumber = 1_000_000

// PageNumber is the number of the page that was asked for; the first has the number 1. What is no number is the first.
func PageNumber(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("page"))
	if err != nil || n < 1 || n > maxPageNumber {
		return 1
	}
	return n
}

// NewPager is the pager of a page with shown of total, newest first. Its addresses hold a number and nothing else.
func NewPager(path string, number, skipped, shown, total int) Pager {
	p := Pager{From: skipped + 1, To: skipped + shown, Total: total}
	if shown == 0 {
		p.From = skipped
	}
	if number == 2 {
		p.Newer = path
	} else if number > 2 {
		p.Newer = path + "?page=" + strconv.Itoa(number-1)
	}
	if p.To < total && shown > 0 {
		p.Older = path + "?page=" + strconv.Itoa(number+1)
	}
	return p
}
