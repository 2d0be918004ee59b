"""Names that are one and names that only look so: a table by hand, from what any reader of both scripts knows.

Sources: the romanisation tables of ALA-LC, BGN/PCGN and DIN 31635 for what a letter may become, the usage of English,
French, German and Turkish passports for the rest. A line of ONE_NAME is one name: its Arabic spellings, then the Latin
ones. A line of APART holds names that are different, each with spellings that are surely its own.
"""

from itertools import pairwise

ONE_NAME = """
محمد | Mohammad Muhammad Mohamed Mohamad Mouhamad Muhammed Mhd
أحمد احمد | Achmad Ahmad Ahmed Ahmet
حسن | Hassan Hasan
حسين | Hussein Hussain Houssein Husayn Hocine Hossein
عمر | Omar Umar Omer
عمرو | Amr Amro
علي | Ali Aly
خالد | Khalid Khaled Haled
يوسف یوسف | Youssef Yusuf Yousef Yusef Youcef Joussef
إبراهيم ابراهيم | Ibrahim Ebrahim Ibraheem Brahim
إسماعيل اسماعيل | Ismail Ismaeel Ismael
مصطفى مصطفي | Mustafa Moustafa Mostafa Moustapha
محمود | Mahmoud Mahmud Mahmood Mahmut
كريم کریم | Karim Kareem Kerim
سليم | Salim Saleem Selim
سالم | Salem
جمال | Jamal Gamal Djamal Jamaal Cemal
جميل | Jamil Jameel Gamil Djamil
كمال | Kamal Kemal
سعيد | Said Saeed Saïd
سعد | Saad
شادي | Shadi Chadi Shady
فادي | Fadi Fady
رامي | Rami Ramy
هاني | Hani Hany
غسان | Ghassan Ghasan
زياد | Ziad Ziyad Zyad
طارق | Tarek Tariq Tareq Tarik
طلال | Talal
ياسين | Yassin Yaseen Yassine Yacine
ياسر | Yasser Yaser Yasir
بشار | Bashar Bachar Bashshar
بشير | Bashir Bachir Basheer
قاسم | Qasem Kassem Qassim Kasim
عثمان | Othman Osman Uthman
عائشة | Aisha Aicha Aysha
فاطمة فاطمه | Fatima Fatimah Fatma
زينب | Zeinab Zaynab Zainab
خديجة | Khadija Khadijah Khadidja
مريم | Mariam Maryam Meryem
ليلى ليلي | Layla Leila Laila
هدى | Huda Hoda Houda
منى | Mona Muna Mouna
نور | Nour Nur Noor
رشا | Rasha Racha
هبة هبه | Heba Hiba Hebah
سمر | Samar
سمير | Samir Sameer
ناصر | Nasser Naser
نصر | Nasr
جورج | George Jorj
الأسد | al-Assad Alassad El-Asad
الخطيب | al-Khatib Alkhatib El-Khateeb Khatib
الشامي | al-Shami Alshami ash-Shami Chami
الحريري | al-Hariri Alhariri Hariri
الأحمد الاحمد | al-Ahmad Alahmad El-Ahmad
حداد | Haddad Hadad
خوري | Khoury Khouri Khuri
عبد الرحمن عبدالرحمن | Abdulrahman Abderrahmane Abdurrahman Abdul-Rahman
عبد الله عبدالله | Abdullah Abdallah Abdalla Abdoullah
عبد العزيز عبدالعزيز | Abdulaziz Abdelaziz
عبد الكريم عبدالكريم | Abdulkarim Abdelkarim Abdulkareem
عبد القادر | Abdulkader Abdelkader Abdulqadir
نور الدين نورالدين | Noureddine Nuruddin Noureddin
صلاح الدين | Salahuddin Salaheddine
علاء الدين | Alaeddine Alauddin
أبو حمدان ابوحمدان | Abouhamdan Abuhamdan
ثائر | Thaer
وائل | Wael
رائد | Raed
ضياء | Diaa Dhia
ظافر | Zafer Dhafer
غيث | Ghaith Gheith
خليل | Khalil Khaleel Halil
رمضان | Ramadan Ramazan
مراد | Murad Mourad Morad
يحيى | Yahya Yahia Yehia
موسى موسي | Moussa Musa Mousa
عيسى | Issa Eissa Isa
سوسن | Sawsan Saoussen Sausan
لجين | Lujain Loujain
هڤال | Haval Heval
طه | Taha
جعفر | Jaafar Djaafar Jafar
وسيم | Wassim Wasim Ouassim
هيثم | Haitham Haytham Haissam
ظاهر | Zaher Daher Dhaher
نوال | Nawal Neval
سلوى | Salwa Selva
أسامة | Osama Oussama Usama
لؤي | Louay Luay
أيهم | Ayham Aiham
مأمون | Mamoun Maamoun
رؤوف | Raouf
مؤيد | Moayad
"""

APART = """
حسن Hassan Hasan | حسين Hussein Houssein Husayn | محسن Mohsen
سالم Salem | سليم Saleem
Salem | Salim
عمر Omar Umar | عمرو Amr | عامر Amer
أحمد Ahmad Ahmed | حمد Hamad | محمود Mahmoud | حميد Hameed
محمد Mohammad | محمود Mahmoud | حمد Hamad
جمال Jamal | جميل
Jamal | Jameel
Gamal | جميل
كمال Kamal | كميل
Kamal | Kameel
سعيد Saeed | سعد Saad
سامر Samer | سمير Sameer
سمير Sameer | سمر Samar
ناصر Nasser | نصير Naseer
علي Ali | علاء Alaa | عادل Adel
هاني Hani | حنان Hanan
رنا Rana | رانيا Raniya | رامي Rami
هدى Huda | هاني Hani
هبة Heba | هالة Hala
خالد Khaled | وليد Walid | ماجد Majed
خليل Khalil | جليل Jalil
زياد Ziad | زاهر Zaher
Ziad | Zaid
فادي Fadi | فريد Farid | فؤاد Fouad
بشار Bashar | بسام Bassam
Bashar | بشير
طلال Talal | بلال Bilal | هلال Hilal
مروان Marwan | مازن Mazen | مروة Marwa
ياسر Yasser | ياسين Yaseen | يونس Younes
منى Mona | مها Maha | مي May
ليلى Layla | لينا Lina | لمى Lama
رشا Rasha | رشيد Rasheed | راشد Rashed
نادر Nader | نذير Nazeer | نديم Nadim
سناء Sanaa | سنان Sinan
عبد الرحمن Abdulrahman | عبد الرحيم Abdulrahim
عبد الكريم Abdulkarim | عبد القادر Abdulkader
عبد العزيز Abdulaziz | عبد الستار Abdulsattar
نور الدين Noureddine | صلاح الدين Salaheddine | عماد الدين Imadeddine
حداد Haddad | حمدان Hamdan
خوري Khoury | حوراني Hourani
شامي Shami | شمالي Shamali
حلبي Halabi | حمصي Homsi
حريري Hariri | حراكي Haraki
قباني Qabbani | كنعاني Kanaani
طه Taha | طلحة Talha | طاهر Taher
نوال Nawal | جلال Jalal
وسيم Wassim | قاسم Qasem | باسم Basem
هيثم Haitham | هشام Hisham
ظاهر Zaher | ظافر Zafer
سلوى Salwa | سلمى Salma | سهى Suha
لؤي Louay | لينا Lina
أيهم Ayham | أيمن Ayman | أدهم Adham
"""


def one_name() -> list[tuple[str, str]]:
    """Every Arabic spelling with every Latin one, and each spelling with the next of its script."""
    pairs = []
    for line in ONE_NAME.strip().splitlines():
        arabic, latin = (_spellings(part) for part in line.split("|"))
        pairs += [(one, other) for one in arabic for other in latin]
        pairs += [*pairwise(arabic), *pairwise(latin)]
    return pairs


def _spellings(text: str) -> list[str]:
    """Names of two words (عبد الله, نور الدين) are kept together."""
    parts = text.split()
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1] in ("عبد", "أبو") or part == "الدين"):
            joined[-1] += " " + part
        else:
            joined.append(part)
    return joined


def apart() -> list[tuple[str, str]]:
    """Every spelling of one name with every spelling of the others on its line."""
    pairs = []
    for line in APART.strip().splitlines():
        names = [_spellings(part.strip()) for part in line.split("|")]
        for at, name in enumerate(names):
            pairs += [(one, other) for later in names[at + 1 :] for one in name for other in later]
    return pairs
