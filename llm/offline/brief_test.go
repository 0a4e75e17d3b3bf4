package offline_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// chatOf is a chat of n messages of seven words each, every one about something else.
func chatOf(n int) chat.Reading {
	lines := make([]string, n)

	for i := range lines {
		speaker := "Ana"
		if i%2 == 1 {
			speaker = "Support"
		}

		lines[i] = fmt.Sprintf("%s: Item%d arrives broken%d because carrier%d dropped crate%d.", speaker, i, i, i, i)
	}

	return newDialogue(chat.ChannelSMS, lines...)
}

func TestTheTextStaysWithinItsWords(t *testing.T) {
	t.Parallel()

	for messages, most := range map[int]int{2: 45, 8: 45, 20: 45, 40: 55, 400: 75} {
		s := summarize(t, chatOf(messages))
		assert.LessOrEqual(t, len(strings.Fields(s.Summary)), most, messages)
	}

	long := strings.Repeat("Everything that the carrier brought us was broken again, and nobody wants to pay for it, ", 4)
	s := summarize(t, newDialogue(chat.ChannelSMS, "Ana: "+long+"says the office.", "Support: We will pay 30 euros."))
	assert.Equal(t, 1, strings.Count(s.Summary, "\n"), "two sentences even if one of them takes all the room")
}

// Where no space parts words, letters are counted.
func TestTheTextIsShortInEveryScript(t *testing.T) {
	t.Parallel()

	zalgo := func(text string) string {
		return strings.ReplaceAll(text, "a", "a"+strings.Repeat("\u0301", 20))
	}

	for name, sentences := range map[string][]string{
		"Chinese": {
			"我的订单4711已经超过三个星期了还没有送到我家门口。", "快递公司说地址不完整所以包裹被退回到仓库里去了。", "请问你们什么时候可以重新把这个包裹发给我们一次。",
			"我已经打了五次电话但是没有人能够给我一个明确的答复。", "如果这个星期还不能收到我就要求全额退款给我的账户。",
		},
		"Thai":   {"พัสดุหมายเลข4711ยังไม่มาถึงบ้านของฉันเลย", "บริษัทขนส่งบอกว่าที่อยู่ไม่ครบถ้วนจึงส่งกลับคลังสินค้า", "กรุณาส่งพัสดุให้ฉันอีกครั้งภายในสัปดาห์นี้", "ฉันโทรไปห้าครั้งแล้วแต่ไม่มีใครตอบ"},
		"Hebrew": {"ההזמנה 4711 שלי עדיין לא הגיעה.", "השליח אמר שהכתובת לא מלאה.", "מתי תשלחו אותה שוב?", "אני מחכה כבר שלושה שבועות."},
		"base64": {base64.StdEncoding.EncodeToString([]byte(strings.Repeat("parcel 4711 ", 40))), "The parcel is lost.", "Where is it?"},
		"zalgo":  {zalgo("The parcel has not arrived and nobody answers."), zalgo("What has happened to that parcel?")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var lines []string
			for _, s := range sentences {
				lines = append(lines, "Ana: "+s)
			}

			s := summarize(t, newDialogue(chat.ChannelSMS, lines...))
			assert.NotEmpty(t, s.Summary)
			assert.LessOrEqual(t, len([]rune(s.Summary)), 600)
		})
	}
}

// Every message takes back what the one before has said.
func TestWorkForContradictionsGrowsWithTheChat(t *testing.T) {
	build := func(n int) chat.Reading {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("Ana: Sorry, make it %d people on Friday instead.", 2+i)
		}

		return newDialogue(chat.ChannelSMS, lines...)
	}

	assert.Less(t, allocationsFor(t, build(1600)), 10*allocationsFor(t, build(200)))
	assert.Equal(t, "Sorry, make it 201 people on Friday instead", summarize(t, build(200)).Title)
}
