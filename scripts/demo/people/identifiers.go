package people

import (
	"fmt"
	"time"
)

// The three people of the demonstration. Their numbers have a valid check character (GB 11643) but can belong to
// nobody: no area of China has a code that begins with 99. The development OpenID provider's seed names the same
// numbers.
const (
	// IDCardSystem is the FHIR system of the resident identity number: the OID of WS/T 500 for 居民身份证号.
	IDCardSystem = "urn:oid:2.16.156.10011.1.3"

	WangXiulanID = "990000195803120260" // 王秀兰, female, born 1958-03-12
	LiJianguoID  = "990000196507280133" // 李建国, male, born 1965-07-28
	ChenYuID     = "99000019921105048X" // 陈雨, female, born 1992-11-05
)

// residentID makes a resident identity number: six digits of area, the date of birth, three of sequence (odd for men),
// a check character.
func residentID(area int, birth time.Time, sequence int) string {
	body := fmt.Sprintf("%06d%s%03d", area, birth.Format("20060102"), sequence)
	return body + string(checkCharacter(body))
}

// checkCharacter is that of GB 11643: ISO 7064 MOD 11-2 over the first seventeen digits.
func checkCharacter(body string) byte {
	sum := 0
	for _, c := range body[:17] {
		sum = (sum + int(c-'0')) * 2
	}
	return "0123456789X"[(12-sum%11)%11]
}
