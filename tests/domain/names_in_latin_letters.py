"""Names in Latin letters as people of many languages write them, one a line. Part of names_of_the_world.py."""

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
