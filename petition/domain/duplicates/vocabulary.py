"""General words of organisations and addresses in the languages a petition meets, by what they mean.

Dictionary words only, no organisation's or town's own name; "" marks words that say nothing.
"""

from __future__ import annotations

from typing import Final

_CONCEPTS: Final = """
university: university universite universitat universidad uni college جامعة الجامعة كلية الكلية universitesi
faculty: faculty faculte fakultat معهد المعهد institute institut academy academie أكاديمية اكاديمية
hospital: hospital hopital krankenhaus klinik clinic clinique مشفى المشفى مستشفى المستشفى عيادة hastanesi
school: school schule ecole lycee highschool مدرسة المدرسة ثانوية الثانوية إعدادية ابتدائية high secondary
center: center centre zentrum centro مركز المركز merkezi
media: media medias medien إعلامي الإعلامي اعلامي الاعلامي إعلام الإعلام اعلام
association: association verein asociacion جمعية الجمعية society societe gesellschaft رابطة الرابطة league ligue
union: union syndicate syndicat order ordre gewerkschaft نقابة النقابة اتحاد الاتحاد إتحاد
network: network reseau netzwerk شبكة الشبكة
organization: organization organisation منظمة المنظمة هيئة الهيئة commission
foundation: foundation fondation stiftung مؤسسة المؤسسة
company: company compagnie firma شركة الشركة group groupe مجموعة ltd gmbh inc
newspaper: newspaper journal zeitung صحيفة جريدة magazine مجلة
radio: radio راديو إذاعة اذاعة
television: television tv تلفزيون قناة channel
council: council conseil rat مجلس المجلس
movement: movement mouvement حركة الحركة تيار
party: party parti partei حزب الحزب
ministry: ministry ministere ministerium وزارة
rights: rights droits rechte حقوق الحقوق
human: human humains humain menschen الإنسان الانسان إنسان انسان
defence: defence defense verteidigung الدفاع دفاع
civil: civil civile zivil المدني مدني المدنية
lawyers: lawyers avocats bar anwalte محامين المحامين محامي المحامون
engineers: engineers ingenieurs ingenieure مهندسين المهندسين المهندسون
doctors: doctors medecins arzte أطباء الأطباء اطباء الاطباء
writers: writers ecrivains كتاب الكتاب
journalists: journalists journalistes صحفيين الصحفيين الصحفيون
teachers: teachers enseignants معلمين المعلمين المعلمون
students: students etudiants طلاب الطلاب طلبة الطلبة student
women: women woman femmes frauen المرأة النساء نساء مراة المراة
medical: medical medicale medizinische طبية الطبية طبي الطبي
american: american americaine americain أمريكية الأمريكية أميركية الأميركية امريكية الامريكية الأمريكي أمريكي
free: free libre freie حرة الحرة
international: international internationale دولية الدولية الدولي دولي
national: national nationale وطني الوطني وطنية الوطنية
syrian: syrian syrienne syrien سوري السوري سورية السورية سوريين السوريين السوريون
arab: arab arabe arabic عربي العربي عربية العربية
documentation: documentation توثيق التوثيق
violations: violations انتهاكات الانتهاكات
independent: independent freelance freelancer independant مستقل مستقلة حر
street: street st str strasse rue road rd avenue ave شارع الشارع طريق boulevard blvd lane
street: place circuit crescent court drive way close
north: north nord شمال northern
south: south sud جنوب southern
east: east est شرق eastern
west: west ouest غرب western
new: new neu nouveau nouvelle جديد الجديدة
city: city ville stadt مدينة province محافظة ريف
"""
_SILENT: Final = "of the and for de la le les des du und der die das für von في من و على al el ال a an to at y".split()
_BY_WORD: Final = {
    word: meant
    for line in _CONCEPTS.split("\n")
    if line
    for meant, _, rest in [line.partition(":")]
    for word in rest.split()
}
_BY_WORD.update(dict.fromkeys(_SILENT, ""))
GENERIC: Final = frozenset(_BY_WORD.values())


def concept(word: str) -> str | None:
    """What a general word means, "" for one that says nothing, None for any other."""
    return _BY_WORD.get(word)
