"""Names as people really write them, script by script, one a line; forms, not persons. Data for test_identity.py.

Characters that show nothing are written as escapes. Every line must pass `person_name`.
"""

LATIN = """
Layla Haddad
Sami al-Khatib
Noor Al Hussein
Abd al-Rahman Abū Zayd
ʿAbd al-Karīm ibn ʿAlī
ʻAʼishah bint Abī Bakr
Mu'tazz Ḥamdān
'Abd el-Qader
Mo7ammad 3li
3abdallah el 7asan
Ra2fat Sha3ban
Ma7moud 3bd el3al
Dr. Sami Haddad
Dr. med. Anna-Lena Groß
Prof.de Groot
Prof. Dr. Dr. h.c. Jürgen Weiß
Eng. Rami Nasser
Mme. Zoé d’Estaing
Mlle Élodie L'Hôpital
John Smith Jr.
John Smith, Jr.
William Henry Gates III
Elizabeth 2nd
James O'Neill 3rd
Ronald St. John-Smythe
D'Arcy O’Brien
Seán Ó Súilleabháin
Nuala Ní Dhomhnaill
Máirín de Búrca
J. R. R. Tolkien
J.R.R. Tolkien
J.Li
K.M.Anwar
A.R. Rahman
H.de Vries
Jan-Willem van 't Hoff
’t Hooft Gerard
’s Gravesande Willem
IJsbrand van Dijk
Ĳsbrand Ĳzerman
Vincent van der Meer-de Graaf
Ludwig van Beethoven
Karl K:son Carlsson
Åsa Öström
Øystein Ødegård
Þórunn Æsa Guðmundsdóttir
Björk Guðmundsdóttir
Bróðir Ægir Þór
Jāzeps Vītols
Ģirts Ķikuts
Žydrūnas Šarūnas
Őzséb Űrhalmi
Łukasz Wiśniewski-Żółć
Świętosława Źdźbło
Jiří Dvořák
Ľubomír Šťastný
Đorđe Đukić
Ǆemal Ǉubić
Ștefan Țiriac
Ion Creangă
Gülşen Işık
İbrahim Ğanioğlu
Əli Həsənzadə
Oʻgʻiloy Toʻxtayeva
Nguyễn Thị Minh Khai
Trần Hưng Đạo
Phạm Ngọc Ẩn
Lê Thị Ỷ
Ọ̀ṣúnlàdé Adébáyọ̀
Ṣọlá Akínṣẹ̀yẹ
Chukwuẹmeka Ọ́kọ́nkwọ
Ngũgĩ wa Thiong'o
Ng'ang'a Kamau
Kwabena Ɔkyerɛ
Ama Ɛfua Ɔ̃́bra
Ɓubakar Ɗanladi Ƙofa
ǃXóõ Nǁng
Kū‘ai Keali‘i
Lili‘uokalani Paki
Kaʻiulani Kawēkiu
N!xau Gcao
Marie-Thérèse Noël-Baptiste
Françoise Lefèvre
Guðrún Ósvífursdóttir
José María Aznar y López
Mª del Carmen Núñez
Mª. Ángeles Peña
Fco. Javier Muñoz
João d'Ávila e Sá
Inês Conceição Gonçalves
Gal·la Ponç
Coŀlell Marcel·lí
Iñaki Etxeberria
Niccolò D'Agostino
Paolo Dall’Oglio
Ænne Strauß
Maximilian Freiherr von und zu Guttenberg
Dwayne “The Rock” Johnson
Ali "Abu Hassan" Darwish
Anna (Nana) Schmidt
Yusuf «Joe» Demir
Maria „Mia“ Müller
Kumar a/l Raman
Siti binti Abdullah
Devi a/p Subramaniam
Ramesh s/o Gopal
Md. Rafiqul Islam
Md.Ali Hossain
Mohd.Su Ling
S. P. Balasubrahmanyam
M.Com Priya Nair
Priya Nair, B.Com.
Ph.D. Omar Said
Layla Haddad, Ph.D.
X Æ A-12
Ng
Wu
Bo
O Riordan
Chloë van Rossum-Ó Briain
Zoë Kravitz
Renée O’Connor–Smith
Anne‐Marie Non‑Breaking
Tāne Māhuta
Sione ʻAhoʻeitu
Fa'afafine Tu'i
Qʼeqchiʼ Ixchel
K’inich Janaabʼ
Ñusta Qhispi
Nłeʔkepmx Sinixt
Tłʼízí Łání
Hózhǫ́ Yázhí
Ąžuolas Ėglė
Ľudovít Ŕapák
Miķelis Ņikonovs
Kȯmman Ḷañe
Zoia O`Hara
Zoia O´Hara
Fiona O′Dea
Ｌａｙｌａ Ｈａｄｄａｄ
Louis Ⅻ de Bourbon
ﬁnn O'Leary
  Layla   Haddad\u0020
\u200eLayla Haddad\u200e
Layla\u00a0Haddad
Layla\u2009Haddad
Zoe\u0308 Andre\u0301
Nguye\u0302\u0303n Va\u0306n
Seán Mac Giolla Bhríghde
Sr. María del Pilar O.S.B.
Rev. Desmond Tutu
H.E. Kofi Annan
Capt. Abdul Karim
Sh. Yusuf
Ms. P. J. Harvey
Jean-François-Xavier d’Aix-en-Provence
Ana Mª
Sgt. Pepper
Lt.Col. Amin
"""

ARABIC = """
ليلى حداد
ليلى حدّاد
محمد الأحمد
مُحَمَّد بْنُ عَبْدِ اللَّه
عبد ﷲ الحسن
ٱلرَّحْمَٰن
عبد الرحمٰن
فاطمة الزهراء
إبراهيم آل ثاني
أ.د. سعاد الصبّاح
أ.د/ منى الشاذلي
د/ سامي
د.سامي
د. سامي حداد
م/ أحمد علي
أ/ هدى
أبو محمد (سامي)
أبو العلاء المعري
الشيخ أحمد، أبو خالد
عبدالله بن عمر
مـحـمـد
محمـــد
سامي Sami
Dr. سامي Sami
سامي (Sami Haddad)
ه\u200d. ا. سایه
لين
هدى ع.
عمر الـخطيب
رؤى مؤيّد
عائشة ضياء‌الدين
بهاءالدين
هيفاء وهبي
صلاح‌الدين
علی\u200cرضا محمدی
امیر\u200cحسین رضایی
مهدی\u200cپور
فاطمه\u200cسادات حسینی\u200cنژاد
محمدرضا شفیعی\u200cکدکنی
نرگس آبیار
کیوان گیلانی
پروین اعتصامی
ژاله چگینی
شه\u200cهله\u200c
ئاراس هه\u200cڵه\u200cبجه\u200cیی
ڕێبین ئەحمەد
شێرکۆ بێکەس
هێمن موکریانی
مسعود بارزانی
عمر ـ خالد
ذوالفقار علی بھٹو
بینظیر بھٹو
ایم۔ اے۔ جناح
اے۔آر۔ رحمان
محمّد اِقبال
فیض احمد فیضؔ
عمران خان
ګل پاڼې
ښايسته ځدراڼ
مينه ټوټاخيل
نۇرمۇھەممەت توختى
ئايگۈل ئابدۇللا
ڄام ڏيپلائي
ڀاڳ چند
ڪاڪا ٻگھيو
\u200fليلى حداد\u200f
\u061cليلى حداد
ﻣﺤﻤﺪ ﻋﻠﻲ
علي ٢
الحاج علي ٣
مها-نور
نُور ٱلدِّين
مُعَاوِيَة
الآنسة لؤلؤة
عبد الغفّار «أبو نضال»
خالد "أبو وليد"
أحمد ابن أبي ضياف
مُحَمَّدٌ
أمَلْ
خلیل‌زاد
كريم يونس
سلمى ذ. ق.
ءادم
"""

HEBREW = """
משה כהן
בן־גוריון דוד
דָּוִד בֶּן־גּוּרְיוֹן
שָׁלוֹם עַלֵיכֶם
ד״ר יעל לוי
ד"ר יעל לוי
פרופ' אבי נתן
ג׳ורג׳ חבש
צ'רלי ביטון
רבקה בת-שבע
שּׁוּלַמִּית
יִשְׂרָאֵל
א. ב. יהושע
א.ב. יהושע
נועה (נוּני) רוט
סבטלנה ז'וקובסקי
"""

CYRILLIC = """
Анна Ахматова
Пётр Ильич Чайковский
Фёдор Достоевский
Наталія Їжакевич
Лук'янов Єгор
Мар’яна В’ячеславівна
Володимир Ґонґадзе
Стефан Ђорђевић
Љубица Његош
Ђурђа Џамоња
Кирилл Ћосић
Ќирил Ѓорѓиевски
Ўладзімір Караткевіч
Әлия Қазыбекқызы
Өмірбек Ұлы
Айгүл Ңургазиева
Хьасан Гӏалгӏай
Магомед-Рамазан
А. С. Пушкин
А.С.Пушкин
Иван И. Иванов-мл.
Салтыков-Щедрин Михаил
Ҷамшед Ғафуров
Ҳамза Ҳакимзода
Баатар Цэнд-Аюуш
Ээрэлдэн Үүрийн
И\u0306ван
О\u0301льга
Анна-Maria
Иван Ivan
"""

GREEK = """
Ελένη Παπαδοπούλου
Κωνσταντίνος Καβάφης
Γιώργος Σεφέρης
Ὀδυσσεύς Λαέρτου
ᾈδωνις Ἥρας
Αγγελος Τερζάκης
Α. Παπανδρέου
Μαΐα Πρωΐα
Ζωή-Άννα Χατζή
Νίκος (Nikos) Γκάτσος
"""

ARMENIAN_AND_GEORGIAN = """
Արամ Խաչատրյան
Շուշանիկ Կուրղինյան
Եղիշե Չարենց
Անի Տեր֊Պետրոսյան
Լևոն Տեր-Պետրոսյան
Ա․ Հակոբյան
Սոնա Վան
Օհան ՚
Գրիգոր և Մարիամ
ნინო ბერიძე
შოთა რუსთაველი
ვაჟა-ფშაველა
თ. გრანელი
გიორგი (გია) ჭანტურია
ქეთევან
"""

INDIC = """
राम कुमार शर्मा
श्रीमती इन्दिरा गाँधी
डॉ॰ भीमराव आंबेडकर
डॉ. हरिवंशराय बच्चन
क्ष्मी
लक्ष्मीनारायण
क़ुर्रतुलऐन हैदर
ज़ाकिर हुसैन
फ़ैज़
प्रणव मुखर्जी
आर्‍यन
शरद्‌चन्द्र
विद्‌याधर
वर्‍हाडे
र\u094d\u200dयान
चिं. वि. जोशी
ॐ प्रकाश
संस्कृता
हॅरी पॉटर
মোঃ রফিকুল ইসলাম
মো: রফিকুল ইসলাম
মোসাঃ ফাতেমা
রবীন্দ্রনাথ ঠাকুর
র\u200d\u09cdযাচেল
উৎপল দত্ত
শেখ মুজিবুর রহমান
কাজী নজরুল ইসলাম
ড. মুহাম্মদ ইউনূস
ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ
ਹਰਮਨਪ੍ਰੀਤ ਕੌਰ
ਜ਼ੈਲ ਸਿੰਘ
ਭਗਤ ਸਿੰਘ
મહાત્મા ગાંધી
સરદાર પટેલ
જ્યોતિ
ବିଜୁ ପଟ୍ଟନାୟକ
ଲକ୍ଷ୍ମୀ
சுப்பிரமணிய பாரதி
மு. கருணாநிதி
ஜெ. ஜெயலலிதா
ஏ. பி. ஜெ. அப்துல் கலாம்
ஶ்ரீதேவி
ௐ சரவணன்
శ్రీనివాస రావు
రాజ్\u200cకుమార్
పి.వి. నరసింహారావు
కృష్ణమూర్తి
ಕುವೆಂಪು
ರಾಜ್\u200cಕುಮಾರ್
ಎಸ್. ಎಲ್. ಭೈರಪ್ಪ
ಅರ್\u200dಜುನ
മോഹൻലാൽ
മമ്മൂട്ടി
അവന\u0d4d\u200d
എം. ടി. വാസുദേവൻ നായർ
ශ්\u200dරී ලංකා
ක්\u200dරිෂ්ණ
චන්ද්\u200dරිකා බණ්ඩාරනායක
මහින්ද රාජපක්ෂ
"""

SOUTH_EAST_ASIA = """
สมชาย ใจดี
ทักษิณ ชินวัตร
เปรม ติณสูลานนท์
ม.ร.ว. คึกฤทธิ์ ปราโมช
น.ส. น้ำฝน
ณัฐวุฒิ ใสยเกื้อ
ไพบูลย์ ดำรงชัยธรรม
กนกๆ
ປານີ ຢາທໍ່ຕູ້
ຄຳໄຕ ສີພັນດອນ
ບຸນຍັງ
ໜູແຫວນ
သန်းရွှေ
အောင်ဆန်းစုကြည်
မြို့မ
ကျွန်ုပ်
ဒေါ်ခင်ကြည်
ဦးသန့်
ဝင်္ကာ
ហ៊ុន សែន
នរោត្តម សីហនុ
ស៊ីន ស៊ីសាមុត
ខៀវ\u200bសំផន
ព្រះ
ꦱꦸꦏꦂꦤ
ᬲᬸᬓᬭᬦ
"""

EAST_ASIA = """
山田太郎
山田 太郎
佐々木希
高橋みなみ
さくら
サクラ・キム
ジョン・レノン
ジャン＝ポール・ベルモンド
ジャン゠ポール
マリー
渡辺（わたなべ）謙
ﾔﾏﾀﾞ ﾀﾛｳ
葛\U000e0100城ユキ
神谷\ufe00明
辻\U000e0101仁成
宮﨑あおい
髙島屋一郎
𠮷野家次郎
〆木
〇〇子
ヶ崎リョウ
一ノ瀬
関ヶ原
林\u3000花子
王小明
歐陽修
司馬·相如
諸葛亮
阿不都热合曼·阿吾提
买买提・艾力
陳Peter
Amy陳
李小龍 Bruce Lee
李小龍（Bruce）
习近平
蔡英文
𨋢先生
王〇
김민수
이영애
남궁민
金민수
박 찬호
박찬호 (Chan-ho)
황보 혜정
선우용여
"""

AFRICA_AND_INNER_ASIA = """
አበበ ቢቂላ
ኃይለ ሥላሴ
ገ/ማርያም ተክለ
ዶ/ር ቴዎድሮስ
ወ/ሮ አስቴር
መንግሥቱ፡ኃይለ ማርያም
ⵎⴰⵙⵙⵉⵏⵉⵙⵙⴰ
ⵢⵓⴱⴰ ⴰⵎⴰⵣⵉⵖ
ߛߏߟߏߡߊߣߊ߫ ߞߊ߲ߕߍ߫
ܐܦܪܝܡ ܣܘܪܝܝܐ
ܝܲܥܩܘܿܒ
ܡܪܝ ܐܝ̈ܫܘܥ
བསྟན་འཛིན་རྒྱ་མཚོ
བསོད་ནམས་སྒྲོལ་མ
ཨ་ཕོ་
ᠴᠢᠩᠭᠢᠰ
ᠪᠣᠷᠵᠢᠭᠢᠨ
ᠮᠣᠩᠭᠣᠯ\u180eᠠ
ᠠ\u180bᠨᠤ
ދިވެހި މުހައްމަދު
މައުމޫން
ᏍᏏᏉᏯ
ᓄᓇᕗᑦ ᐊᓪᓚᒃᑲᖅ
𞤀𞤣𞤢𞤥
ꆈꌠ
ꓡꓲꓢꓴ
ᱥᱟᱱᱛᱟᱲ
"""

BY_SCRIPT: dict[str, str] = {
    "Latin": LATIN,
    "Arabic": ARABIC,
    "Hebrew": HEBREW,
    "Cyrillic": CYRILLIC,
    "Greek": GREEK,
    "Armenian, Georgian": ARMENIAN_AND_GEORGIAN,
    "Indic": INDIC,
    "South-East Asia": SOUTH_EAST_ASIA,
    "East Asia": EAST_ASIA,
    "Africa, Inner Asia": AFRICA_AND_INNER_ASIA,
}

WRITTEN_BY_HAND: list[str] = [name for names in BY_SCRIPT.values() for name in names.strip("\n").split("\n")]
