package identity

import (
	"slices"
	"strings"
	"time"
)

// words are written where a number is not known.
var words = []string{
	"不详", "不祥", "未知", "无", "暂无", "没有", "无身份证", "未提供", "未办理", "待补", "拒绝提供", "空", "测试",
	"UNKNOWN", "NONE", "NULL", "NIL", "N/A", "NA", "TEST", "UNDEFINED",
}

// minNumber is the shortest number that a national system gives out: below, values collide by chance.
const minNumber = 6

// placeholder reports whether a folded value stands where no number is known: a word, too little to tell people apart,
// or one character over and over.
func placeholder(value string) bool {
	if slices.Contains(words, value) {
		return true
	}
	kept := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, value)
	return len(kept) < minNumber || !strings.ContainsAny(kept, "0123456789") || monotone(kept) ||
		strings.Contains("01234567890123456789", kept) || strings.Contains("98765432109876543210", kept)
}

// monotone reports whether a value is one character over and over, too long to be a number that was given out.
func monotone(value string) bool {
	return value == "" || len(value) >= minNumber && strings.Trim(value, value[:1]) == ""
}

// resident returns a resident identity number in its form of eighteen characters (GB 11643-1999): six digits of area,
// the date of birth, three digits of sequence, a check character. A number of fifteen digits, as given out until 1999,
// is of the twentieth century, but for those whose sequence was kept for people born before it.
func resident(value string) (string, bool) {
	if len(value) == 15 && digits(value) {
		if value[12:] >= "996" {
			return "", false
		}
		body := value[:6] + "19" + value[6:]
		value = body + string(CheckCharacter(body))
	}
	if len(value) != 18 || !digits(value[:17]) || value[17] != CheckCharacter(value[:17]) {
		return "", false
	}
	born, err := time.Parse("20060102", value[6:14])
	return value, err == nil && born.Year() >= 1850 && value[:6] != "000000"
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// CheckCharacter returns the last character of a resident identity number (GB 11643: ISO 7064 MOD 11-2) of which body
// has the first seventeen digits.
func CheckCharacter(body string) byte {
	sum := 0
	for i := range len(body) {
		sum = (sum + int(body[i]-'0')) * 2
	}
	return "0123456789X"[(12-sum%11)%11]
}
