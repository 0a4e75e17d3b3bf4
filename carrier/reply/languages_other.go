package reply

// otherLanguages are those in other scripts than Latin, Turkish, and some with few words.
var otherLanguages = []language{
	{ // Russian, Ukrainian, Bulgarian
		introductions: []string{
			"… пишет",      // Thunderbird
			"… написал",    // Apple Mail
			"… написал(а)", // Apple Mail
			"… пише",       // Gmail, Thunderbird (Ukrainian)
			"… написав",    // Apple Mail (Ukrainian)
			"… написав(-ла)",
			"На … написа", // Gmail (Bulgarian)
			"… написа",
		},
		own: []string{
			"мне написал", "мне написала", "нам написал", "вы написали", "я написал", "ваш", "ваша",
			"мені написав", "ваші",
		},
		originals: []string{
			"исходное сообщение", "оригинальное сообщение", "первоначальное сообщение",
			"вихідне повідомлення", "оригінальне повідомлення", "оригинално съобщение",
		},
		forwards: []string{
			"пересылаемое сообщение", "перенаправленное сообщение", "пересланное сообщение",
			"начало переадресованного сообщения", "переадресованное сообщение", "пересланное письмо",
			"переслане повідомлення", "початок переадресованого повідомлення", "препратено съобщение",
		},
		labels: map[role][]string{
			roleFrom:    {"от", "от кого", "отправитель", "від", "від кого"},
			roleSent:    {"отправлено", "отправлен", "надіслано", "відправлено", "изпратено"},
			roleDate:    {"дата"},
			roleTo:      {"кому", "получатель", "до"},
			roleCc:      {"копия", "копія"},
			roleSubject: {"тема", "относно"},
			roleOther:   {"ответить", "вложения", "важность", "вкладення"},
		},
		subjectForwards: []string{"переслано", "пересл", "пер"},
		sentFrom: []string{
			"Отправлено с iPhone…", "Отправлено с iPad…", "Отправлено с моего …", "Отправлено из Mail…",
			"Отправлено из мобильной …", "Отправлено из Outlook…", "Надіслано з iPhone…",
			"Надіслано з мого …", "Надіслано від мого …", "Скачать Outlook …",
		},
		below: []string{
			"ниже", "красным", "синим", "по тексту", "в тексте", "пересылаю", "нижче", "червоним", "синім",
			"пересилаю", "по-долу",
		},
	},
	{ // Turkish
		introductions: []string{
			"… tarihinde … yazdı", // Gmail, Thunderbird, Yahoo
			"… şunları yazdı (…)", // Apple Mail
			"… şunları yazdı",
			"… şunu yazdı",
			"… yazdı",
		},
		own:       []string{"bana yazdı", "bize yazdı"},
		originals: []string{"özgün ileti", "orijinal mesaj", "özgün mesaj", "orijinal ileti"},
		forwards: []string{
			"iletilen mesaj", "yönlendirilmiş ileti", "iletilmiş ileti", "iletilmiş mesaj",
			"iletilen ileti", "başlangıç iletilen ileti",
		},
		labels: map[role][]string{
			roleFrom:    {"kimden", "gönderen"},
			roleSent:    {"gönderildi", "gönderme tarihi", "gönderilme tarihi"},
			roleDate:    {"tarih"},
			roleTo:      {"kime", "alıcı"},
			roleCc:      {"bilgi"},
			roleSubject: {"konu"},
			roleOther:   {"yanıt adresi", "ekler", "önem"},
		},
		subjectForwards: []string{"ilt", "ynl", "i̇lt"},
		sentFrom: []string{
			"…'umdan gönderildi", "…’umdan gönderildi", "…'imden gönderildi", "…’imden gönderildi",
			"… cihazımdan gönderildi", "… telefonumdan gönderildi", "… için Outlook'u edinin…",
			"… için Outlook’u edinin…",
		},
		below: []string{
			"aşağıda", "aşağıdaki", "kırmızı ile", "kırmızıyla", "mavi ile", "metin içinde", "iletiyorum",
			"yönlendiriyorum",
		},
	},
	{ // Greek
		introductions: []string{
			"Στις … έγραψε", // Gmail, Thunderbird
			"Την … έγραψε",
			"… έγραψε",
			"… έγραψε στις …",
		},
		own:       []string{"μου έγραψε", "μας έγραψε"},
		originals: []string{"αρχικό μήνυμα", "αυθεντικό μήνυμα"},
		forwards:  []string{"προωθημένο μήνυμα", "μήνυμα που προωθήθηκε", "αρχή προωθημένου μηνύματος"},
		labels: map[role][]string{
			roleFrom:    {"από", "αποστολέας"},
			roleSent:    {"στάλθηκε", "εστάλη", "αποστολή"},
			roleDate:    {"ημερομηνία"},
			roleTo:      {"προς"},
			roleCc:      {"κοιν", "κοιν."},
			roleSubject: {"θέμα"},
			roleOther:   {"απάντηση σε", "συνημμένα", "προτεραιότητα"},
		},
		subjectForwards: []string{"πρθ", "προωθ"},
		sentFrom: []string{
			"Στάλθηκε από το iPhone…", "Στάλθηκε από το iPad…", "Στάλθηκε από το κινητό …",
			"Εστάλη από το …", "Αποκτήστε το Outlook …", "Λήψη του Outlook …",
		},
		below: []string{"παρακάτω", "πιο κάτω", "με κόκκινο", "με μπλε", "στο κείμενο", "προωθώ"},
	},
	{ // Japanese
		introductions: []string{
			"…のメール",     // Apple Mail
			"…が書きました",   // Becky
			"…さんは書きました", // Thunderbird
			"…さんが書きました",
			"…は書きました",
			"… のメッセージ…",
		},
		own:       []string{"私は", "私が", "弊社"},
		originals: []string{"元のメッセージ", "オリジナルメッセージ", "元のメール", "オリジナル メッセージ"},
		forwards:  []string{"転送メッセージ", "転送されたメッセージ", "転送されたメール", "転送メール"},
		labels: map[role][]string{
			roleFrom:    {"差出人", "送信者", "発信者"},
			roleSent:    {"送信日時", "送信日", "送信"},
			roleDate:    {"日時", "日付"},
			roleTo:      {"宛先"},
			roleSubject: {"件名"},
			roleOther:   {"返信先", "添付ファイル", "重要度"},
		},
		subjectForwards: []string{"転送"},
		sentFrom: []string{
			"iPhoneから送信", "iPadから送信", "Androidから送信", "Outlookから送信", "iOS 用 Outlook を入手…",
			"Android 用 Outlook を入手…",
		},
		below: []string{"下記", "以下", "赤字", "赤で", "青字", "文中", "転送し", "インライン"},
	},
	{ // Chinese
		introductions: []string{
			"在 …写道", // NetEase 163, Apple Mail
			"于…写道",
			"於…寫道",
			"…于…写道", // Gmail
			"…於…寫道", // Gmail
			"…写道",
			"…寫道",
		},
		own:       []string{"我写道", "您写道", "你写道", "我寫道", "您寫道"},
		originals: []string{"原始邮件", "原始郵件", "原始信息", "原邮件", "邮件原件", "原信件", "回复的原邮件"},
		forwards: []string{
			"转发的邮件", "转发的消息", "转发的邮件信息", "转发邮件", "转发邮件信息", "转发的信息", "轉寄郵件", "轉寄的郵件", "開始轉寄郵件", "下面是转发邮件",
			"下面是被转发的邮件",
		},
		labels: map[role][]string{
			roleFrom:    {"发件人", "寄件者", "寄件人", "發件人", "发送人"},
			roleSent:    {"发送时间", "發送時間", "寄件日期", "傳送時間", "寄送時間", "发送日期"},
			roleDate:    {"日期", "时间"},
			roleTo:      {"收件人", "收件者"},
			roleCc:      {"抄送", "抄送人", "副本", "副本抄送", "密送"},
			roleSubject: {"主题", "主旨", "主題"},
			roleOther:   {"附件", "重要性", "回复", "回复地址"},
		},
		subjectForwards: []string{"转发", "轉寄", "轉發"},
		sentFrom: []string{
			"发自我的…", "從我的 … 傳送", "從我的…傳送", "获取 Outlook for …", "取得 iOS 版 Outlook…",
			"取得 Android 版 Outlook…",
		},
		below: []string{"下面", "如下", "以下", "下方", "红字", "紅字", "用红色", "用紅色", "转发", "轉寄"},
	},
	{ // Korean
		introductions: []string{
			"…님이 작성", // Gmail
			"…님이 쓴 글",
			"… 작성", // Apple Mail
			"…님이 작성한 메시지",
		},
		own:       []string{"제가 작성", "저는"},
		originals: []string{"원본 메시지", "원본 메일", "원본메시지", "원본메일", "원문 메시지"},
		forwards:  []string{"전달된 메시지", "전달된 메일", "전달한 메시지", "전달 메시지", "전달받은 메시지"},
		labels: map[role][]string{
			roleFrom:    {"보낸 사람", "보낸사람", "발신자", "발신"},
			roleSent:    {"보낸 날짜", "보낸날짜", "보낸 시간"},
			roleDate:    {"날짜"},
			roleTo:      {"받는 사람", "받는사람", "수신자", "수신"},
			roleCc:      {"참조"},
			roleSubject: {"제목"},
			roleOther:   {"첨부", "첨부 파일", "중요도", "회신 주소"},
		},
		subjectForwards: []string{"전달"},
		sentFrom: []string{
			"나의 …에서 보냄", "내 …에서 보냄", "…iPhone에서 보냄", "…휴대폰에서 보냄", "iOS용 Outlook 다운로드…",
			"Android용 Outlook 다운로드…",
		},
		below: []string{"아래", "빨간색으로", "파란색으로", "본문 중", "전달합니다", "전달드"},
	},
	{ // Arabic
		introductions: []string{
			"في … تمت كتابة ما يلي بواسطة …", // Gmail
			"في … كتب …", // Apple Mail, Thunderbird
			"في … كتب",
			"بتاريخ … كتب …",
			"… كتب",
		},
		own:       []string{"كتب لي", "كتب إلي", "كتبت"},
		originals: []string{"الرسالة الأصلية", "رسالة أصلية", "رسالة اصلية"},
		forwards: []string{
			"رسالة معاد توجيهها", "الرسالة الممررة", "رسالة محولة", "الرسالة المعاد توجيهها",
			"بداية الرسالة المعاد توجيهها", "بدء الرسالة المعاد توجيهها",
		},
		labels: map[role][]string{
			roleFrom:    {"من", "المرسل"},
			roleSent:    {"تاريخ الإرسال", "تم الإرسال", "أرسلت", "تاريخ الارسال", "الإرسال"},
			roleDate:    {"التاريخ"},
			roleTo:      {"إلى", "الى"},
			roleCc:      {"نسخة", "نسخة إلى"},
			roleSubject: {"الموضوع"},
			roleOther:   {"الرد على", "المرفقات"},
		},
		subjectForwards: []string{"إعادة توجيه", "اعادة توجيه", "محول"},
		sentFrom: []string{
			"أرسلت من الـ iPhone…", "أُرسلت من الـ iPhone…", "أُرسلت من iPhone…", "أرسلت من iPhone…",
			"مرسل من هاتفي …", "الحصول على Outlook …",
		},
		below: []string{
			"أدناه", "ادناه", "في الأسفل", "بالأحمر", "باللون الأحمر", "بالأزرق", "ضمن النص", "أعيد توجيه",
		},
	},
	{ // Hebrew
		introductions: []string{
			"בתאריך … מאת …", // Gmail
			"בתאריך … כתב …", // Thunderbird
			"ב-… כתב…",       // Apple Mail
			"… כתב",
			"… כתב/ה",
			"… כתב…",
		},
		own:       []string{"כתב לי", "כתבת לי", "כתבתם", "כתבתי"},
		originals: []string{"הודעה מקורית", "ההודעה המקורית"},
		forwards:  []string{"הודעה שהועברה", "הודעה מועברת", "תחילת ההודעה שהועברה", "תחילת הודעה מועברת"},
		labels: map[role][]string{
			roleFrom:    {"מאת"},
			roleSent:    {"נשלח", "נשלח בתאריך"},
			roleDate:    {"תאריך"},
			roleTo:      {"אל", "ל"},
			roleCc:      {"עותק"},
			roleSubject: {"נושא"},
			roleOther:   {"השב ל", "קבצים מצורפים"},
		},
		subjectForwards: []string{"הועבר", "הע"},
		sentFrom: []string{
			"נשלח מה-iPhone…", "נשלח מה-iPad…", "נשלח מהטלפון …", "נשלח מ-Outlook…", "קבל את Outlook …",
			"להורדת Outlook …",
		},
		below: []string{"למטה", "להלן", "באדום", "בכחול", "בגוף", "מעביר", "מעבירה"},
	},
	{ // Catalan, Croatian, Serbian, Slovenian, Vietnamese, Indonesian
		introductions: []string{
			"El dia … va escriure", // Gmail
			"… va escriure …",
			"… je napisao/la", // Gmail
			"… je napisao(la)",
			"… je … napisal/-a", // Gmail
			"Vào … đã viết",     // Gmail
			"Pada … menulis",    // Gmail
			"Pada … menulis …",
		},
		labels: map[role][]string{
			roleFrom:    {"šalje", "pošiljatelj", "từ", "dari"},
			roleSent:    {"poslano", "poslato", "đã gửi", "dikirim", "enviat"},
			roleDate:    {"ngày", "tanggal"},
			roleTo:      {"za", "prima", "tới", "đến", "kepada"},
			roleSubject: {"predmet", "zadeva", "assumpte", "chủ đề", "subjek", "perihal"},
		},
		originals: []string{
			"izvorna poruka", "originalna poruka", "izvirno sporočilo", "thư gốc", "tin nhắn gốc",
			"pesan asli", "missatge original",
		},
		forwards: []string{
			"proslijeđena poruka", "prosleđena poruka", "posredovano sporočilo", "thư đã chuyển tiếp",
			"pesan terusan", "pesan yang diteruskan", "missatge reenviat",
		},
		sentFrom: []string{
			"Poslano s mog …", "Poslano s moje …", "Được gửi từ iPhone…", "Đã gửi từ iPhone…",
			"Dikirim dari iPhone…", "Enviat des del meu …",
		},
		below: []string{"a sota", "més avall", "dolje", "ispod", "spodaj", "bên dưới", "phía dưới", "di bawah"},
	},
}
