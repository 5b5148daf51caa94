"""Phrases of the German, French, Spanish and Portuguese families, aligned by key."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

Phrases = dict[str, list[str]]

GERMAN: Phrases = {
    "things": "Kerzen, Hefte, Tassen, Lampen, Regenschirme, Blumentöpfe, Postkarten, Kissen, Schrauben, Handschuhe, Teller, Bürsten, Laternen, Körbe".split(
        ", "
    ),
    "where": "im Stadtmuseum, auf dem Wochenmarkt, in der Gärtnerei, im Bahnhofsladen, bei der Tombola, in der Buchhandlung, auf dem Hafenfest, im Schulbasar".split(
        ", "
    ),
    "shop": [
        "{who} kauft {where} {n} {x} zu je {p} und {m} {y} zu je {q}. Wie viel kostet das zusammen?",
        "Wie hoch ist die Rechnung, wenn {who} {n} {x} ({p} pro Stück) und {m} {y} ({q} pro Stück) {where} bestellt?",
        "Rechne bitte aus: {m} {y} für je {q} und dazu {n} {x} für je {p}, gekauft {where} von {who}.",
    ],
    "shop_answer": [
        "Die {x} kosten {n} × {p} = {np}, die {y} kosten {m} × {q} = {mq}. Zusammen sind das {total}.",
        "Zuerst {n} × {p} = {np}, dann {m} × {q} = {mq}. Addiert ergibt sich ein Betrag von {total}.",
    ],
    "day": [
        "Welcher Wochentag war der {d}? {who} möchte es für die Familienchronik wissen.",
        "{who} feiert am {d} {where}. Auf welchen Wochentag fällt das?",
        "Auf einer alten Quittung steht der {d}. Bestimme bitte den Wochentag für {who}.",
    ],
    "day_answer": ["Der {d} ist ein {day}. Er ist der {n}. Tag des Jahres, und das Jahr begann an einem {first}."],
    "days": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split(),
    "ask_mood": [
        "Ist diese Bewertung positiv oder negativ?",
        "Ordne die Meinung ein: positiv oder negativ? Nenne die entscheidende Stelle.",
    ],
    "mood": [
        "Die {x} habe ich {where} gekauft. {s} {who} sieht das übrigens genauso.",
        "{who} hat mir {n} {x} {where} besorgt. {s}",
    ],
    "good": "Ich bin rundum zufrieden.|Alles kam pünktlich und sauber verpackt an.|Das würde ich jederzeit wieder bestellen.|Die Qualität hat mich wirklich überrascht.".split(
        "|"
    ),
    "bad": "Schon nach einem Tag war alles kaputt.|Das Geld hätte ich mir sparen können.|Die Hälfte fehlte, und niemand ging ans Telefon.|So schlechte Ware habe ich selten gesehen.".split(
        "|"
    ),
    "mood_answer": [
        "Positiv. Das zeigt der Satz „{s}“ ganz deutlich.",
        "Negativ. Das zeigt der Satz „{s}“ ganz deutlich.",
    ],
    "notice": [
        "{who} verkauft {where} {n} {x}. Abholung ist am {day} ab {h} Uhr, der Preis beträgt {p}. Rückfragen beantwortet {other}.",
    ],
    "notice_ask": [
        "Was wird verkauft, wann ist Abholung und was kostet es?",
        "Entnimm dem Text: Verkäufer, Ware, Preis und Tag der Abholung.",
        "Wer ist für Rückfragen da, und ab wann kann man abholen?",
    ],
    "notice_answer": [
        "{who} verkauft {n} {x} für {p}. Die Abholung ist am {day} ab {h} Uhr; Rückfragen beantwortet {other}."
    ],
    "order": [
        "Sortiere diese Wörter nach dem Alphabet und zähle die Buchstaben des ersten: {words}.",
        "Bringe {words} in alphabetische Reihenfolge. Wie lang ist das erste Wort?",
    ],
    "order_answer": ["Alphabetisch geordnet: {sorted}. Das erste Wort, „{first}“, hat {n} Buchstaben."],
}
FRENCH: Phrases = {
    "things": "bougies, cahiers, tasses, lampes, parapluies, pots de fleurs, cartes postales, coussins, boutons, gants, assiettes, brosses, lanternes, paniers".split(
        ", "
    ),
    "where": "au musée de la ville, sur le marché du samedi, à la jardinerie, au kiosque de la gare, à la tombola, à la librairie, à la fête du port, à la kermesse de l'école".split(
        ", "
    ),
    "shop": [
        "{who} achète {where} {n} {x} à {p} pièce et {m} {y} à {q} pièce. Combien doit-on payer en tout ?",
        "Quel est le montant de la facture si {who} commande {where} {n} {x} ({p} l'unité) et {m} {y} ({q} l'unité) ?",
        "Peux-tu calculer le prix de {m} {y} à {q} chacun, plus {n} {x} à {p} chacun, pour {who} {where} ?",
    ],
    "shop_answer": [
        "Pour les {x} : {n} × {p} = {np}. Pour les {y} : {m} × {q} = {mq}. Le total est donc de {total}.",
        "On multiplie d'abord : {n} × {p} = {np} et {m} × {q} = {mq}. La somme des deux montants est {total}.",
    ],
    "day": [
        "Quel jour de la semaine était le {d} ? {who} écrit l'histoire de sa famille.",
        "{who} organise une fête {where} le {d}. Quel jour de la semaine est-ce ?",
        "Une vieille facture de {who} porte la date du {d}. C'était quel jour ?",
    ],
    "day_answer": ["Le {d} est un {day}. C'est le jour numéro {n} de l'année, et cette année a commencé un {first}."],
    "days": "lundi mardi mercredi jeudi vendredi samedi dimanche".split(),
    "ask_mood": [
        "Cet avis est-il positif ou négatif ?",
        "Classe cette opinion comme positive ou négative et cite le passage décisif.",
    ],
    "mood": [
        "J'ai trouvé ces {x} {where}. {s} {who} est d'ailleurs du même avis.",
        "{who} m'a rapporté {n} {x} {where}. {s}",
    ],
    "good": "Je suis entièrement satisfait.|Tout est arrivé à l'heure et bien emballé.|Je recommanderai cette boutique sans hésiter.|La qualité m'a vraiment surpris.".split(
        "|"
    ),
    "bad": "Tout était cassé au bout d'une journée.|C'est de l'argent jeté par les fenêtres.|Il en manquait la moitié et personne ne répondait.|Je n'ai jamais vu une marchandise aussi mauvaise.".split(
        "|"
    ),
    "mood_answer": [
        "Positif. La phrase « {s} » le montre clairement.",
        "Négatif. La phrase « {s} » le montre clairement.",
    ],
    "notice": [
        "{who} vend {where} {n} {x}. On peut venir les chercher le {day} à partir de {h} heures ; le prix est de {p}. Pour toute question, s'adresser à {other}.",
    ],
    "notice_ask": [
        "Qu'est-ce qui est vendu, à quel prix, et quand peut-on venir ?",
        "Relève dans le texte le vendeur, les objets, le prix et le jour.",
        "À qui poser des questions, et à partir de quelle heure peut-on passer ?",
    ],
    "notice_answer": [
        "{who} vend {n} {x} pour {p}. On peut passer le {day} à partir de {h} heures, et c'est {other} qui répond aux questions."
    ],
    "order": [
        "Range ces mots dans l'ordre alphabétique et compte les lettres du premier : {words}.",
        "Mets {words} dans l'ordre alphabétique. Quelle est la longueur du premier mot ?",
    ],
    "order_answer": ["Dans l'ordre alphabétique : {sorted}. Le premier mot, « {first} », compte {n} lettres."],
}
SPANISH: Phrases = {
    "things": "velas, libretas, tazas, lámparas, sombrillas, macetas, tarjetas, almohadas, tijeras, bufandas, mesas, escobas, linternas, cestas".split(
        ", "
    ),
    "where": "en el museo municipal, en el mercado del sábado, en el vivero, en el quiosco de la estación, en la rifa, en la librería, en la fiesta del puerto, en la feria del colegio".split(
        ", "
    ),
    "shop": [
        "{who} compra {where} {n} {x} a {p} cada una y {m} {y} a {q} cada una. ¿Cuánto paga en total?",
        "¿A cuánto asciende la factura si {who} encarga {where} {n} {x} ({p} la unidad) y {m} {y} ({q} la unidad)?",
        "Calcula, por favor, el precio de {m} {y} a {q} y de {n} {x} a {p} que {who} ha pedido {where}.",
    ],
    "shop_answer": [
        "Las {x} cuestan {n} × {p} = {np} y las {y} cuestan {m} × {q} = {mq}. En total son {total}.",
        "Primero multiplicamos: {n} × {p} = {np} y {m} × {q} = {mq}. Al sumar ambas cantidades se obtienen {total}.",
    ],
    "day": [
        "¿Qué día de la semana fue el {d}? {who} escribe la historia de su familia.",
        "{who} celebra una fiesta {where} el {d}. ¿En qué día de la semana cae?",
        "En un recibo antiguo de {who} aparece la fecha {d}. ¿Qué día era?",
    ],
    "day_answer": ["El {d} es {day}. Es el día número {n} del año, y ese año empezó en {first}."],
    "days": "lunes martes miércoles jueves viernes sábado domingo".split(),
    "ask_mood": [
        "¿Esta reseña es positiva o negativa?",
        "Clasifica la opinión como positiva o negativa y cita la frase decisiva.",
    ],
    "mood": [
        "Encontré estas {x} {where}. {s} Además, {who} piensa lo mismo.",
        "{who} me trajo {n} {x} que vio {where}. {s}",
    ],
    "good": "Estoy muy contento con la compra.|Todo llegó a tiempo y bien embalado.|Volvería a comprar aquí sin dudarlo.|La calidad me sorprendió de verdad.".split(
        "|"
    ),
    "bad": "Al día siguiente ya estaba todo roto.|Ha sido tirar el dinero a la basura.|Faltaba la mitad y nadie contestaba al teléfono.|Nunca había visto algo tan mal hecho.".split(
        "|"
    ),
    "mood_answer": ["Positiva. La frase «{s}» lo deja claro.", "Negativa. La frase «{s}» lo deja claro."],
    "notice": [
        "{who} vende {where} {n} {x}. Se pueden recoger el {day} a partir de las {h} horas y el precio es de {p}. Para cualquier pregunta hay que hablar con {other}.",
    ],
    "notice_ask": [
        "¿Qué se vende, a qué precio y cuándo se puede recoger?",
        "Extrae del texto quién vende, qué cosas, el precio y el día.",
        "¿Con quién hay que hablar y desde qué hora se puede pasar?",
    ],
    "notice_answer": [
        "{who} vende {n} {x} por {p}. Se recogen el {day} a partir de las {h} horas, y {other} responde a las preguntas."
    ],
    "order": [
        "Ordena estas palabras alfabéticamente y cuenta las letras de la primera: {words}.",
        "Pon {words} en orden alfabético. ¿Cuántas letras tiene la primera palabra?",
    ],
    "order_answer": ["En orden alfabético: {sorted}. La primera palabra, «{first}», tiene {n} letras."],
}
PORTUGUESE: Phrases = {
    "things": "velas, canetas, xícaras, lâmpadas, sombrinhas, plantas, cartas, almofadas, tesouras, luvas, travessas, escovas, lanternas, cestas".split(
        ", "
    ),
    "where": "no museu da cidade, na feira de sábado, na floricultura, na banca da estação, na rifa, na livraria, na festa do porto, na quermesse da escola".split(
        ", "
    ),
    "shop": [
        "{who} compra {where} {n} {x} a {p} cada uma e {m} {y} a {q} cada uma. Quanto se paga ao todo?",
        "Qual é o valor da conta se {who} encomenda {where} {n} {x} ({p} a unidade) e {m} {y} ({q} a unidade)?",
        "Você pode calcular o preço de {m} {y} a {q} mais {n} {x} a {p}, pedidas por {who} {where}?",
    ],
    "shop_answer": [
        "As {x} custam {n} × {p} = {np} e as {y} custam {m} × {q} = {mq}. Ao todo são {total}.",
        "Primeiro a multiplicação: {n} × {p} = {np} e {m} × {q} = {mq}. Somando as duas parcelas, chegamos a {total}.",
    ],
    "day": [
        "Em que dia da semana caiu {d}? {who} está escrevendo a história da família.",
        "{who} vai dar uma festa {where} em {d}. Que dia da semana é esse?",
        "Um recibo antigo de {who} traz a data de {d}. Que dia era?",
    ],
    "day_answer": ["O dia {d} é {day}. É o dia número {n} do ano, e o primeiro dia daquele ano foi {first}."],
    "days": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo".split(),
    "ask_mood": [
        "Esta avaliação é positiva ou negativa?",
        "Classifique a opinião como positiva ou negativa e cite o trecho decisivo.",
    ],
    "mood": [
        "Encontrei estas {x} {where}. {s} Aliás, {who} acha a mesma coisa.",
        "{who} me trouxe {n} {x} que achou {where}. {s}",
    ],
    "good": "Estou muito satisfeito com a compra.|Tudo chegou no prazo e bem embalado.|Eu compraria de novo sem pensar duas vezes.|A qualidade realmente me surpreendeu.".split(
        "|"
    ),
    "bad": "No dia seguinte já estava tudo quebrado.|Foi dinheiro jogado fora.|Faltava metade e ninguém atendia o telefone.|Nunca vi uma coisa tão malfeita.".split(
        "|"
    ),
    "mood_answer": ["Positiva. A frase “{s}” deixa isso claro.", "Negativa. A frase “{s}” deixa isso claro."],
    "notice": [
        "{who} vende {where} {n} {x}. A retirada é feita em um só dia, {day}, a partir das {h} horas, e o preço é de {p}. As dúvidas são respondidas por {other}.",
    ],
    "notice_ask": [
        "O que está à venda, por quanto, e quando se pode retirar?",
        "Extraia do texto quem vende, o quê, o preço e o dia.",
        "Quem responde às dúvidas e a partir de que horas se pode passar?",
    ],
    "notice_answer": [
        "{who} vende {n} {x} por {p}. A retirada é no dia combinado, {day}, a partir das {h} horas, e as dúvidas ficam com {other}."
    ],
    "order": [
        "Coloque estas palavras em ordem alfabética e conte as letras da primeira: {words}.",
        "Ponha {words} em ordem alfabética. Quantas letras tem a primeira palavra?",
    ],
    "order_answer": ["Em ordem alfabética: {sorted}. A primeira palavra, “{first}”, tem {n} letras."],
}
PHRASES: dict[str, Phrases] = {"de": GERMAN, "fr": FRENCH, "es": SPANISH, "pt": PORTUGUESE}
