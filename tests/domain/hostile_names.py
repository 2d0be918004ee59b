"""Names that are tricks, each with the code it must be refused with. Data for test_identity.py.

Whatever shows nothing, or something else than it is, stands here as an escape.
"""

CONTROL = [
    "Layla\x01Haddad",
    "Layla\x07",
    "Layla\tHaddad",
    "Layla\nHaddad",
    "Layla\r\nBcc: all@example.org",
    "Layla\x0bHaddad",
    "Layla\x0cHaddad",
    "\x1bLayla",
    "\x1b[31mLayla",
    "Layla\x1f",
    "Layla\x7f Haddad",
    "Layla\x80",
    "Layla\x85Haddad",
    "Layla\x9bHaddad",
    "Layla\u2028Haddad",
    "Layla\u2029Haddad",
    "Layla\ud800",
    "Lay\udfffla",
]

BIDI = """
\u202eLayla Haddad
Layla\u202eHaddad
\u202eadmin\u202c
Layla \u202dHaddad\u202c
\u202aLayla\u202c
\u202bليلى\u202c
\u2066Layla\u2069
\u2067Layla Haddad
\u2068ليلى\u2069 حداد
Layla\u2069
Lay\u200ela Haddad
Lay\u200fla Haddad
ليلى\u200fحداد
محمد\u061cعلي
ليلى \u202dحداد
Lay\u202cla
gro.live\u202e Sami
سامي\u2067 نور
"""

INVISIBLE = """
Lay\u200bla Haddad
Layla\u200b
\u200bLayla
Lay\u200cla
Lay\u200dla
Layla\u200d Haddad
Ла\u200cйла
مح\u200dمد
محمد\u200b
\u200cمحمد
مح\u200c\u200cمد
يو\u200dسف
Lay\u00adla
Lay\u034fla
Lay\u2060la
Lay\u2061la
Lay\u2063la
Lay\u2064la
Lay\u206ala
Lay\u206fla
\ufeffLayla
Lay\ufeffla
Layla\ufe0f
Layla\ufe0e Haddad
ليلى\ufe00
Layla\U000e0100
Lay\U000e0061la
\U000e0001Layla
Layla\U000e007f
Lay\u3164la
\u3164\u3164\u3164
\uffa0\uffa0
\u115f\u1160
Layla \u1160
\u2800\u2800\u2800
Layla\u2800Haddad
\u17b4\u17b5Layla
Lay\ufff9la
Layla\ufffc
Lay\u180bla
박\u3164민수
L\u200bL\u200b
山\u200b田
山\u2060田
Layla\U0001d173
👩\u200d💻
Layla 👩\u200d💻
Layla ❤\ufe0f
"""

MIXED = """
L\u0430yla Haddad
Layla H\u0430ddad
\u0410dmin
\u0405ami Nasser
S\u0430mi
\u0421arla
Mar\u0456a
P\u0435ter
\u0420aul
\u041coh\u0430mm\u0435d
B\u043eb
\u0391nna
\u0392ob Smith
\u039daser
N\u03bfor
S\u03b1mi
M\u03bfhamed
\u0397addad
\u0399brahim
J\u043ehn Sm\u0456th
Иv\u0430н
Иван\u0061
А\u03bbекс
Ελ\u0435νη
\u13aanna
\u13a2essa
M\u13aaria
S\u0561mi
\u054dami
N\u0585or
Layla\u0440
Ge\u10dda
Lay\u0660la
\u0665mar
N\u06f5or
N\u09e6or
S\u096bmi
ليلىLayla
Samiسامي
Yusufמשה
ש\u0627לום
سا\u05deי
L\u0561\u0443la
Layla\u0301\u064b
Omar\u064e
\u2c9fmar
\u2c9eMAR
Lay\ua4d0a
\ua4e1aul
Lay\ua4e1
\u0421\u041eVID Layla
ᐯictor
Лаyла
t\u0456me
А山田
山田А
김a\u0430
ムх
"""

STACKED = """
L\u0300\u0301\u0302ayla
La\u0316\u0317\u0318yla
Layla\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308
Z\u0334a\u0334l\u0334g\u0334o\u0334
Layla\u0336
L\u0336a\u0336y\u0336l\u0336a\u0336
La\u0338yla
L\u0335ayla
\u0301Layla
Layla \u0301Haddad
-\u0301Layla
Layla-\u0301
L\u0323\u0323ayla
ليلى\u064b\u064c\u064d\u064e\u064f
م\u064e\u064eحمد
ل\u0651\u064e\u0670\u0653يلى
محمد\u0300
مح\u0308مد
מ\u0300שה
शर\u0301मा
山\u0301田
さ\u0308くら
김\u0302민수
ก\u0e34\u0e34\u0e34
ก\u0e48\u0e49\u0e4a\u0e4b
А\u0300\u0301\u0302нна
3\u0301 Layla
สม\u0301ชาย
H\u030d\u030e\u0313\u0314addad
ก\u0e34\u0e35\u0e48\u0e47\u0e4d
"""

LINK = """
http://evil.example
https://evil.example/x
HTTP://EVIL.EXAMPLE
hxxp://evil.example
Layla https://t.me/x
ftp://evil.example
www.evil.example
WWW.EVIL.COM
Layla www.evil.de
x.com/layla
X.com
b.com/layla
evil.example
evil.com
Visit evil.com now
Layla evil.org
layla.haddad.net
EVIL.COM
evil.info
evil.online
casino.xyz
buy-now.shop
evil.co.uk
evil.ru
evil.sy
evil.de/Layla
casino.ru Layla
t.me/layla
t.me
bit.ly/abc
wa.me/123
youtu.be/abc
goo.gl
layla@example.org
layla@example
Sami a@b
mailto:layla@example.org
mailto:layla
tel:123
tg:resolve
whatsapp: layla
evil(dot)com
evil [dot] com
layla (at) example
192.168.0.1 Layla
xn--bcher-kva
evil。com
evil．com
ｅｖｉｌ．ｃｏｍ
ｗｗｗ．evil
evil․com
сайт.рф
وقع.موقع
الحملة.سوريا
例子.中国
evil.localhost
evil.test
evil.onion
Layla Haddad evil.club
http:evil
smb://x
evil.io/x
a.b/c.de/
"""

MARKUP = """
<b>Layla</b>
<script>alert(1)</script>
<img src=x onerror=alert(1)>
Layla <Haddad
Layla> Haddad
＜script＞
"><svg onload=alert(1)>
Layla &lt;b&gt;
&#60;b&#62;
&#x3c;b
&#9; Layla
Layla &amp; Sami
javascript:alert(1)
JaVaScRiPt:alert(1)
javascript :alert(1)
vbscript:msgbox
data:text/html
[url=x]Layla[/url]
[Layla](x)
[img]x[/img]
<!-- Layla -->
<?php Layla ?>
</textarea>
<Layla@Haddad>
\ufe64b\ufe65 <
"""

NO_LETTERS = """
12
123456
٣٤٥
۱۲۳
07 99
...
--
''
()
- -
·•·
،،
ـــ
ــ
😀
😀😀😀
🏳 🇸
★★★
***
!!!
???
@@
==
++
$$
%%
1/2
½½
( ͡ )
"""

SYMBOLS = """
=Layla
=cmd Layla
+Layla
-Layla
@Layla
＝Layla
＋Layla
－Layla
＠Layla
=HYPERLINK("x")
+A1 Layla
-1 Layla
%Layla
.Layla
,Layla
/Layla
)Layla(
Layla 😀
😀 Layla
Layla ★ Haddad
Layla ♥
♛Layla♛
Layla™
Layla©
Layla #Syria
#Layla
$Layla
Layla {{7*7}}
${Layla}
{% Layla %}
Layla | Haddad
Layla \\ Haddad
Layla_Haddad
Layla; DROP TABLE x
Robert'); DROP TABLE x;--
Layla * Haddad
Layla ~ Haddad
Layla^2
Layla = Haddad
Layla + Sami
Layla & Sami
Layla?
Free Syria!
Layla [Haddad]
Layla {Haddad}
Layla 0991234567
Layla +963 991 234 567
Layla 123
Layla 12 34 56 78
Layla1990
Layla/Sami
Layla: Haddad
Layla:Haddad
Layla//Haddad
Layla --- Haddad
Layla ... Haddad
Layla…
''' Layla
Lay\ue000la
Lay\U000f0000la
Lay\U00100000la
Lay\u0378la
Lay\U000e1000la
Layla\ufffe
Lay\ufffdla
𝐋𝐚𝐲𝐥𝐚
𝓛𝓪𝔂𝓵𝓪
𝕃𝕒𝕪𝕝𝕒
𝙻𝚊𝚢𝚕𝚊
Layla 𝟙
ℒayla
ℍaddad
Ⓛⓐⓨⓛⓐ Haddad
🅻🅰🆈🅻🅰 Haddad
⒧⒜⒴⒧⒜ Haddad
ᴸᵃʸˡᵃ
ᴀlan
ᴛᴏᴍ
Laylaⁿ
Layla²
ʰello
Layla ㎏
Layla ㈱
Layla\u20dd
L\u20e3ayla
Layla\u0488
µTom
Layla №
𞸋𞸌𞸍
Layla ◌
Layla ☎
Layla ° Haddad
`Layla`
"""

HOSTILE: dict[str, list[str]] = {"control": CONTROL, "nul": ["Layla\x00", "\x00", "Lay\x00la Haddad"]} | {
    code: names.strip("\n").split("\n")
    for code, names in {
        "name-bidi": BIDI,
        "name-invisible": INVISIBLE,
        "name-mixed-scripts": MIXED,
        "name-stacked-marks": STACKED,
        "name-link": LINK,
        "name-markup": MARKUP,
        "name-no-letters": NO_LETTERS,
        "name-symbols": SYMBOLS,
    }.items()
}
