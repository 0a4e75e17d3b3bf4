package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/internal/growth"
)

// optOutCorpus are texts that people send, a line each, by what they are read as.
var optOutCorpus = map[string]string{
	"certain": `
STOP
stop
Stop.
"STOP!!"
Stop 🛑
👉 stop
ＳＴＯＰ
s t o p
STOP STOP STOP
Stop! Stop!
StopAll
STOP ALL
stop-all
opt out
OPT-OUT
Opt Out.
optout
o p t - o u t
UNSUB
unsub.
unsubscribe
UN-SUBSCRIBE
End
quit
revoke
cancel
Cancel.
ARRET
ARRETE
ARRÊT
ARRETT
arrêter
Arrêtez !
Désabonner
STOPP
stopp!
Abmelden
ABBESTELLEN
ALTO
Baja
cancelar
PARAR
Sair
Descadastrar
Cancellami
AFMELDEN
Uitschrijven
Avregistrera
Afmeld
Avmeld
Rezygnuję
wypisz mnie
DUR
İPTAL
iptal
СТОП
стоп!
Отписаться
ΣΤΟΠ
退订
停止
配信停止
수신거부
stop unsubscribe
`,
	"likely": `
please stop
Please stop texting me
stop. thank you
Stop please!!!
stop it
Stop it now
ok stop
hi, please unsubscribe
Unsubscribe, thanks
cancel please
pls STOP texting this number
STOP TEXTING ME
stop messaging me you creeps
Can you stop sending me these messages?
quit texting me
stop the texts
Please stop all messages
stop your spam
I said stop contacting me
Stop calling
do not contact me again
Don't text me
Don't text me anymore
dont ever message me again
Please do not text this number again
never call me again
please don't email me
Don't send me any more texts
remove me from your list
Please remove my number
take me off this list please
Take my number off your list
delete my number
unsubscribe me
opt me out please
I want to opt out
I'd like to unsubscribe
how do I unsubscribe?
how do i opt out of this
I am opting out
no more texts
No more messages please
I don't want these messages
I do not want to receive any more messages
i no longer wish to receive texts
I don't want to be contacted
I didn't agree to receive sms
I revoke my consent
I hereby withdraw consent
leave me alone
lose my number
Who is this? Wrong number, stop texting.
Who is this? Stop
STOP! I never signed up for this
Wrong number. STOP.
Ich kenne Sie nicht. Stopp!
Désolé, je ne suis pas intéressé. ARRÊT
Bitte keine SMS mehr
bitte keine weiteren Nachrichten
Keine Werbung bitte
Ich möchte keine SMS von Ihnen
Schreiben Sie mir nicht mehr
Kontaktieren Sie mich bitte nicht mehr
Hören Sie auf, mir zu schreiben
Nehmen Sie mich aus dem Verteiler
Löschen Sie meine Nummer
Hiermit widerrufe ich meine Einwilligung
Lassen Sie mich in Ruhe!
Stopp bitte
Ne me contactez plus
Arrêtez de m'envoyer des SMS
Je ne veux plus recevoir vos messages
Désabonnez-moi
Retirez-moi de votre liste
Stop svp
Laissez-moi tranquille
No me escriban más
No me envíen más mensajes
Dejen de escribirme
No quiero recibir más mensajes
Quiero darme de baja
Borren mi número
baja por favor
Non scrivetemi più
Smettetela di scrivermi
Basta messaggi
Non voglio più ricevere SMS
Cancellatemi dalla lista
Não me envie mais mensagens
Pare de me mandar mensagens
Não quero mais receber SMS
Me remova da lista
Geen berichten meer
Stuur me geen sms meer
Schrijf me uit
Laat me met rust
Sluta skicka sms
Inga fler sms tack
Kontakta mig inte mer
Afmeld mig
Stop med at skrive til mig
Ingen flere beskeder
Slutt å sende meg meldinger
Ikke send meg flere meldinger
Nie piszcie do mnie więcej
Proszę mnie wypisać
Usuńcie mój numer
Nie chcę otrzymywać wiadomości
Bana mesaj atmayın
Beni listeden çıkarın
Не пишите мне больше
Прекратите присылать смс
Удалите мой номер
`,
	"none": `
I can't stop thinking about it
I couldn't stop laughing
We won't stop texting until it is solved :)
cancel my order
Please cancel my order
Cancel it please
cancel this
Can I cancel my appointment tomorrow?
end of the day works
End it at 5
stop by at 5
I'll stop by tomorrow
Which bus stop is it?
The bus stops at the corner
Please stop the delivery
please stop the payment
Bitte stoppen Sie die Lieferung
Bitte stornieren Sie die Bestellung
Der Zug hält nicht
Don't call me before 9, please
Do not call me, I am in a meeting until noon
please don't contact me by phone, email is better
Don't email the invoice yet
I quit my job
Did you quit smoking?
The end
I have what I need. Cancel.
We arrive at noon. End.
It goes to Mill Lane. Next stop: Harbour
Does it stop? It should.
no
No thanks
not interested in the blue one
Yes please
ok
thanks
Thank you!
When does it stop raining?
The machine does not stop
How do I stop the alarm?
remove me as a driver? no, keep me
Please remove the lamp from my order
Take me to the airport
unsubscribed users cannot log in, is that right?
My subscription ends in May, can I renew?
I want to receive the messages in French
Can I opt for the larger size?
no more chairs left?
I need no more help, thank you
I don't want the red one
I want more information
Could you send me the messages again?
stopped
stopping by
cancelled flight, need help
help me
information please
Keine Ahnung
Ich habe keine Nachrichten von Ihnen bekommen, bitte senden
Schreiben Sie mir bitte an meine neue Adresse
Ich bin nicht da
Je suis à l'arrêt de bus
Arrêtez la livraison svp
No me llegó el paquete
No quiero el azul
El precio es muy alto
Vou sair às 5
Quero cancelar meu pedido
Non voglio il rosso
Geen dank
Stuur me de rekening
Inga problem
Ingen årsak
Nie wiem
Mesaj geldi, teşekkürler
Не понимаю
12345
👍
?

`,
}

func TestOptOutCorpus(t *testing.T) {
	t.Parallel()

	count := 0

	for want, texts := range optOutCorpus {
		for text := range strings.Lines(strings.Trim(texts, "\n")) {
			text = strings.TrimSuffix(text, "\n")
			count++

			got := "none"

			switch {
			case chat.ReadKeyword(text) == chat.KeywordStop:
				got = "certain"
			case chat.IsPossibleOptOut(text):
				got = "likely"
			}

			assert.Equal(t, want, got, "%q", text)
		}
	}

	assert.GreaterOrEqual(t, count, 230)
}

func TestKeywordsThatAreNoStop(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]chat.Keyword{
		"START":      chat.KeywordStart,
		"Yes!":       chat.KeywordStart,
		"un-stop":    chat.KeywordStart,
		"HELP":       chat.KeywordHelp,
		"info?":      chat.KeywordHelp,
		"":           "",
		"!":          "",
		"yes please": "",
	} {
		assert.Equal(t, want, chat.ReadKeyword(text), "%q", text)
		assert.False(t, chat.IsPossibleOptOut(text), "%q", text)
	}
}

// TestALongTextIsReadInReasonableTime has every phrase look at a text of the greatest size.
func TestALongTextIsReadInReasonableTime(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("do not stop ", 50_000)
	require.False(t, chat.IsPossibleOptOut(long))
	require.Empty(t, chat.ReadKeyword(long))
}

func FuzzKeyword(f *testing.F) {
	f.Add("STOP")
	f.Add("\xff\u0301 stop texting me")

	f.Fuzz(func(t *testing.T, text string) {
		growth.Check(t, len(text), func() {
			if chat.ReadKeyword(text) != "" {
				require.False(t, chat.IsPossibleOptOut(text))
			}

			require.Equal(t, chat.ReadKeyword(text), chat.ReadKeyword(" "+text+"!"))
		})
	})
}

func TestStopOptions(t *testing.T) {
	t.Parallel()

	for schema, want := range map[string]string{
		`{"enum":["ship","cancel"]}`:                                              "cancel",
		`{"enum":["ship","keep it"]}`:                                             "",
		`{"enum":["yes","no",1,null,true]}`:                                       "",
		`{"const":"Opt-Out"}`:                                                     "Opt-Out",
		`{"type":"object","properties":{"decision":{"enum":["go","STOP!"]}}}`:     "STOP!",
		`{"anyOf":[{"type":"integer"},{"enum":["end"]}]}`:                         "end",
		`{"type":"object","properties":{"enum":{"type":"string"},"cancel":true}}`: "",
		`{"type":"boolean"}`:                                                      "",
		`true`:                                                                    "",
		``:                                                                        "",
	} {
		assert.Equal(t, want, chat.StopOption([]byte(schema)), schema)
	}
}
