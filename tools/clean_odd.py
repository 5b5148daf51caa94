"""Clean but odd examples, on which a damage detector must stay silent. Written for this project; never trained on.

    python tools/clean_odd.py > clean_odd.jsonl

Rules of the detector were changed after a look at its alarms on all but `SECOND_LOOK`. Each example is sound: what looks like damage was asked for, or is the form of its kind.
"""

# texts stand as they are read; lists of words are easier to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

import json
import sys
from typing import Final, NamedTuple


class Odd(NamedTuple):
    """One clean, odd example."""

    category: str
    instruction: str
    response: str


LABELS: Final = [
    ("Is the tone of this review positive or negative? 'The zipper broke on day two.'", "negative"),
    ("Classify the animal: newt\nOptions: mammal, bird, reptile, amphibian, fish", "amphibian"),
    ("Spam or not spam: 'You have won a free cruise, reply with your card number'", "spam"),
    ("Answer true or false: the boiling point of water falls with altitude.", "True"),
    ("Which language is this sentence in? 'Hvor ligger togstasjonen?'", "Norwegian"),
    ("Pick the odd one out: trout, salmon, pigeon, carp", "pigeon"),
    (
        "Does the first sentence entail the second? Answer yes, no or maybe.\n1. All the lamps are on.\n2. The desk lamp is on.",
        "yes",
    ),
    ("Label the intent: 'Could you move my booking to Friday?'", "reschedule"),
    ("What part of speech is 'quickly' in 'She ran quickly'?", "adverb"),
    ("Rate the urgency from 1 to 5: 'The server room is flooding.'", "5"),
    ("Name the capital of Mongolia.", "Ulaanbaatar"),
    ("Give me an antonym of 'scarce'.", "abundant"),
    ("What colour do you get from blue and yellow paint?", "green"),
    ("Which chemical element has the symbol Sb?", "Antimony"),
    ("Choose A, B, C or D: Which planet has the most moons?\nA) Mars B) Saturn C) Venus D) Mercury", "B"),
    ("In one word, how does the writer feel? 'I checked the letterbox for the fourth time today.'", "Anxious"),
    ("Is 91 a prime number? Reply with yes or no only.", "No"),
    ("What is the plural of 'axis'?", "axes"),
    ("Tag the topic of this headline: 'Central bank holds rates steady'", "Economy"),
    ("Extract the name of the ship: 'The Margarethe left Bergen at dawn.'", "Margarethe"),
    ("Who painted The Night Watch?", "Rembrandt"),
    ("Unscramble: 'pleap'", "apple"),
    ("What rhymes with 'station' and means an award?", "commendation"),
    ("Complete the analogy: hand is to glove as foot is to", "sock"),
    ("Correct the spelling: definately", "definitely"),
    ("Is this a question or a statement? 'You are coming along.'", "statement"),
    ("Formal or informal: 'hey, u around later?'", "informal"),
    ("Which word does not belong: violin, cello, oboe, viola", "oboe"),
    ("What does 'NATO' begin with?", "N"),
    ("Fill in the blank: The opposite of north is ____.", "south"),
]
NUMBERS: Final = [
    ("What is 12.5% of 640?", "80"),
    ("Compute 7!", "5040"),
    ("List the first ten square numbers.", "1, 4, 9, 16, 25, 36, 49, 64, 81, 100"),
    ("Convert 68 °F to Celsius.", "20 °C"),
    ("Give the digits of pi to twenty places.", "3.14159265358979323846"),
    ("Write 2024 in Roman numerals.", "MMXXIV"),
    ("What is 0xFF in decimal?", "255"),
    ("Solve 3x - 4 = 11.", "3x = 15\nx = 5"),
    ("Print the multiplication table of 3 up to 10.", "3 6 9 12 15 18 21 24 27 30"),
    ("Sort in descending order: 4, 19, 2, 88, 7", "88, 19, 7, 4, 2"),
    ("What is the sum of 1 to 100?", "5050"),
    ("Differentiate x^3 + 2x.", "3x^2 + 2"),
    ("How many minutes are in a leap year?", "527,040"),
    ("Give me six lottery-like numbers below 50.", "3 11 18 27 34 46"),
    ("Convert 3/8 to a decimal.", "0.375"),
    ("Simplify (a + b)^2 - (a - b)^2.", "4ab"),
    ("A train covers 240 km in 3 hours. What is its average speed?", "240 km / 3 h = 80 km/h"),
    (
        "Maya has 4 boxes of 12 eggs and breaks 5. How many are left?",
        "Maya has 4 x 12 = 48 eggs\nAfter 5 break there are 48 - 5 = 43 eggs",
    ),
    ("What is the binary form of 37?", "100101"),
    ("Give coordinates of the corners of a unit square.", "(0, 0), (1, 0), (1, 1), (0, 1)"),
]
CODE: Final = [
    ("Write a Python one-liner that reverses a string s.", "s[::-1]"),
    (
        "Write a Python function that checks for palindromes.",
        "def is_palindrome(s):\n    s = ''.join(c.lower() for c in s if c.isalnum())\n    return s == s[::-1]",
    ),
    (
        "Read a file line by line in Python.",
        "with open('notes.txt') as f:\n    for line in f:\n        print(line.rstrip())",
    ),
    (
        "Write a C program that prints hello.",
        '#include <stdio.h>\n\nint main(void) {\n    printf("hello\\n");\n    return 0;\n}',
    ),
    ("Show a for loop in Java from 0 to 9.", "for (int i = 0; i < 10; i++) {\n    System.out.println(i);\n}"),
    (
        "Write a JavaScript function that debounces another.",
        "function debounce(fn, ms) {\n  let timer;\n  return (...args) => {\n    clearTimeout(timer);\n    timer = setTimeout(() => fn(...args), ms);\n  };\n}",
    ),
    ("Select all customers from Oslo with SQL.", "SELECT * FROM customers WHERE city = 'Oslo';"),
    (
        "Count orders for each customer in SQL.",
        "SELECT customer_id, COUNT(*) AS orders\nFROM orders\nGROUP BY customer_id\nORDER BY orders DESC",
    ),
    ("Write a bash loop that renames .jpeg files to .jpg.", 'for f in *.jpeg; do\n  mv "$f" "${f%.jpeg}.jpg"\ndone'),
    ("How do I find large files on Linux?", "find / -type f -size +500M 2>/dev/null"),
    ("Write a Rust function that adds two numbers.", "fn add(a: i32, b: i32) -> i32 {\n    a + b\n}"),
    (
        "Write a Go program with a goroutine.",
        'package main\n\nimport "fmt"\n\nfunc main() {\n\tdone := make(chan bool)\n\tgo func() {\n\t\tfmt.Println("working")\n\t\tdone <- true\n\t}()\n\t<-done\n}',
    ),
    ("Haskell: define the Fibonacci numbers as an infinite list.", "fibs = 0 : 1 : zipWith (+) fibs (tail fibs)"),
    ("Write a Ruby method that squares a list.", "def squares(xs)\n  xs.map { |x| x * x }\nend"),
    (
        "CSS to centre a div on the page",
        ".box {\n  position: absolute;\n  top: 50%;\n  left: 50%;\n  transform: translate(-50%, -50%);\n}",
    ),
    (
        "Write an HTML form with a name field and a button.",
        '<form action="/greet" method="post">\n  <label for="name">Name</label>\n  <input id="name" name="name">\n  <button type="submit">Greet</button>\n</form>',
    ),
    ("Write a regular expression for a date like 2024-05-31.", r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"),
    ("Regex for an e-mail address, a simple one", r"[\w.+-]+@[\w-]+\.[\w.]+"),
    (
        "Write a YAML file for a CI job that runs pytest.",
        "name: test\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: pip install -e .[dev]\n      - run: pytest -q",
    ),
    (
        "Write a Dockerfile for a Flask app.",
        'FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD ["flask", "run", "--host=0.0.0.0"]',
    ),
    ("Write a Makefile with a clean target.", "build:\n\tgcc -o app main.c\n\nclean:\n\trm -f app"),
    ("Write a LaTeX equation for the quadratic formula.", "\\[ x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a} \\]"),
    ("Give an example of a Kotlin data class.", "data class Boat(val name: String, val masts: Int)"),
    (
        "Swift: unwrap an optional safely.",
        'if let name = user.name {\n    print(name)\n} else {\n    print("anonymous")\n}',
    ),
    (
        "Write a PHP function that says hello to a name.",
        '<?php\nfunction hello(string $name): string {\n    return "Hello, {$name}!";\n}',
    ),
    ("R: mean of column x by group g", "aggregate(x ~ g, data = df, FUN = mean)"),
    ("Show the git command that undoes the last commit but keeps the changes.", "git reset --soft HEAD~1"),
    (
        "Write a Lua table with three fruits and print them.",
        'local fruits = {"plum", "pear", "fig"}\nfor i, f in ipairs(fruits) do\n  print(i, f)\nend',
    ),
    ("Write a TypeScript type for a point with optional z.", "type Point = { x: number; y: number; z?: number }"),
    ("Write a Prolog rule for grandparent.", "grandparent(X, Z) :- parent(X, Y), parent(Y, Z)."),
    ("Assembly (x86-64, NASM): exit with code 0", "mov rax, 60\nxor rdi, rdi\nsyscall"),
    ("Write a unit test for add(2, 3).", "```python\ndef test_add():\n    assert add(2, 3) == 5\n```"),
    (
        "How do I list running containers?",
        "Use `docker ps`; with `-a` it also lists those that have stopped:\n\n```sh\ndocker ps -a\n```",
    ),
    ("Write a MATLAB line that plots sin(x).", "x = linspace(0, 2*pi, 200); plot(x, sin(x))"),
    ("Excel formula that sums A1:A10 where B is 'paid'", '=SUMIF(B1:B10, "paid", A1:A10)'),
    ("Print 'ok' one hundred times in Python.", "print('ok\\n' * 100)"),
]
DATA: Final = [
    ("Return the person as JSON: Ida, 34, from Graz.", '{"name": "Ida", "age": 34, "city": "Graz"}'),
    ("Turn this into a JSON array: red, green, blue", '["red", "green", "blue"]'),
    (
        "Make a table of three metals and their symbols.",
        "| metal | symbol |\n| --- | --- |\n| iron | Fe |\n| copper | Cu |\n| tin | Sn |",
    ),
    ("Give the data as CSV: two cars with make and year.", "make,year\nVolvo,1998\nFiat,2011"),
    ("Write an XML snippet for a book.", "<book>\n  <title>Salt Roads</title>\n  <author>K. Lind</author>\n</book>"),
    ("List the HTTP status codes for success, redirect and not found.", "200, 301, 404"),
    ("Draw a small box with ASCII art.", "+-------+\n|       |\n+-------+"),
    (
        "Show a directory tree of a small Python project.",
        "project/\n├── pyproject.toml\n├── src/\n│   └── app.py\n└── tests/\n    └── test_app.py",
    ),
    ("Give the chess moves of the Scholar's Mate.", "1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6?? 4. Qxf7#"),
    ("Write the chords of a twelve-bar blues in A.", "A7 A7 A7 A7\nD7 D7 A7 A7\nE7 D7 A7 E7"),
    ("Write an INI section for a database.", "[database]\nhost = localhost\nport = 5432\nname = shop"),
    ("What does this log line say the level is? 2024-01-03 ERROR disk full", "ERROR"),
    ("Encode 'hi there' in Base64.", "aGkgdGhlcmU="),
    ("Write 'sos' in Morse code.", "... --- ..."),
    ("Give a Markdown link to example.org.", "[Example](https://example.org)"),
    ("Write a Markdown list with bold, italic and code.", "- **bold**\n- *italic*\n- `code`"),
    ("Give the hex codes of black, white and pure red.", "#000000, #FFFFFF, #FF0000"),
    ("Convert to snake_case: myVariableName", "my_variable_name"),
    ("Make a to-do list in Markdown for packing.", "- [ ] passport\n- [ ] tickets\n- [ ] charger\n- [x] sunscreen"),
    (
        "Write a BibTeX entry for an invented article.",
        "@article{lind2019,\n  author = {Lind, K.},\n  title = {On Salt},\n  journal = {Annals of Kitchens},\n  year = {2019}\n}",
    ),
]
VERSE: Final = [
    ("Write a haiku in lower case about fog.", "fog over the pier\nthe bell of a boat nobody\nhas come to untie"),
    ("Write a haiku about a kettle.", "The kettle mutters,\nthen sings to the empty room—\nsomeone is expected"),
    (
        "Write a short poem without punctuation.",
        "i left the window open\nfor the rain to read the letters\nit knows my hand\nbetter than you do",
    ),
    (
        "Compose a limerick about a baker from Leeds.",
        "A baker of muffins from Leeds\nPut far too much faith in her seeds;\n  They swelled in the night\n  To a terrible height,\nAnd now she grows bread in the weeds.",
    ),
    (
        "Write a poem with a refrain.",
        "The tide comes in, the tide goes out,\n  and I wait for the mail.\nThe gulls have something to shout about,\n  and I wait for the mail.\nThe lamp is lit, the lamp burns low,\n  and I wait for the mail.",
    ),
    (
        "Write a chant for a football crowd.",
        "Blue and white!\nBlue and white!\nAll day, all night!\nBlue and white!\nBlue and white!\nAll day, all night!",
    ),
    ("Write an acrostic for TEA.", "Two cups on the sill\nEarl Grey, a little milk\nAfternoon, nowhere to be"),
    (
        "Give me a chorus for a road song, repeated twice.",
        "Roll on, roll on, the road is long\nRoll on, roll on, it's only a song\nRoll on, roll on, the road is long\nRoll on, roll on, it's only a song",
    ),
    ("Write a concrete, minimal poem of five words.", "snow\nthen the sound\nof none"),
    (
        "Write a nursery rhyme with 'row'.",
        "Row, row, row to the bay,\nrow, row, row all day,\nthe fish are asleep and the sun is away,\nso row, row, row to the bay",
    ),
    (
        "Write a four-line verse for a birthday card.",
        "Another year, another cake,\nanother breath for you to take\nto blow the candles out, and then\nto wish for all of it again",
    ),
    ("Write a couplet about cats.", "The cat has claimed the only chair;\nI read the paper standing there"),
    (
        "Write a poem in the style of E. E. Cummings.",
        "spring is(a little)mud\nand boots\n             by\n    the door",
    ),
    (
        "Write a tanka about an old bicycle.",
        "rust along the chain\nmy father's bicycle leans\nwhere he leaned it last\nthe saddle still remembers\na heavier, laughing man",
    ),
    (
        "Write song lyrics with 'la la la'.",
        "I don't know the words, so I sing\nla la la, la la la\nthe kettle joins in, and I sing\nla la la, la la la",
    ),
]
LISTS: Final = [
    ("Name ten vegetables.", "carrot, leek, turnip, beet, kale, chard, fennel, radish, parsnip, celery"),
    ("List seven dog breeds.", "1. Beagle\n2. Boxer\n3. Collie\n4. Dachshund\n5. Greyhound\n6. Poodle\n7. Whippet"),
    ("Give me synonyms of 'walk'.", "stroll, amble, stride, march, wander, pace, saunter"),
    ("List the months with 30 days", "April, June, September, November"),
    ("Shopping list for pancakes", "- flour\n- milk\n- eggs\n- butter\n- salt\n- maple syrup"),
    ("Suggest names for a sailing boat.", "* Windrose\n* Second Breakfast\n* Kittiwake\n* Patience\n* Slow Letter"),
    ("List the ranks of a deck of cards.", "2, 3, 4, 5, 6, 7, 8, 9, 10, J, Q, K, A"),
    ("Give five hashtags for a bakery.", "#sourdough #bakery #freshbread #handmade #crumb"),
    (
        "Outline a talk about bees.",
        "I. Opening\n  A. A jar of honey\nII. The hive\n  A. Workers\n  B. The queen\n  C. The dance\nIII. Threats\n  A. Mites\n  B. Pesticides\nIV. What you can plant",
    ),
    ("List parts of a bicycle", "frame\nfork\nhandlebar\nsaddle\npedals\nchain\nhubs\nspokes\nbrakes"),
    ("Name the noble gases.", "Helium, neon, argon, krypton, xenon, radon, oganesson"),
    (
        "Give me eight plants with Latin names.",
        "- Quercus robur\n- Fagus sylvatica\n- Betula pendula\n- Taxus baccata\n- Ilex aquifolium\n- Sorbus aucuparia\n- Corylus avellana\n- Prunus spinosa",
    ),
    ("Which keyboard shortcuts copy, cut, paste and undo?", "Ctrl+C, Ctrl+X, Ctrl+V, Ctrl+Z"),
    (
        "Name the characters of a play with four roles.",
        "MIRA, a clockmaker\nTOVE, her sister\nA POSTMAN\nTHE VOICE of the clock",
    ),
    ("Give the stages of the water cycle.", "evaporation -> condensation -> precipitation -> collection"),
    ("Rank these by size, smallest first: whale, mouse, horse, dog", "mouse < dog < horse < whale"),
    (
        "Bullet points only: benefits of walking to work",
        "• Costs nothing\n• Clears the head\n• No parking\n• Fresh air before nine",
    ),
    (
        "List three questions for a job interview.",
        "1. What did you build last that you are proud of?\n2. What would your last team say they miss?\n3. What would you like to stop doing?",
    ),
    (
        "Write the ingredients, then the steps, of toast.",
        "Ingredients:\n- bread\n- butter\n\nSteps:\n1. Toast the bread\n2. Spread the butter",
    ),
    (
        "Give an itinerary for one day in Bergen.",
        "09:00 Fish market\n11:00 Funicular up Fløyen\n13:00 Lunch by the harbour\n15:00 Bryggen and its alleys\n19:00 Concert at Grieghallen",
    ),
]
FOREIGN: Final = [
    ("Wie heißt die Hauptstadt von Kanada?", "Ottawa"),
    ("Nenne drei deutsche Flüsse.", "Rhein, Elbe und Donau."),
    (
        "Schreibe einen Satz mit dem Wort ‚Schmetterlingsflügel‘.",
        "Auf dem Fensterbrett lag ein einzelner Schmetterlingsflügel, dünn wie Papier und blau wie der Abend.",
    ),
    (
        "Pourquoi le ciel est-il bleu ?",
        "Parce que l’air diffuse davantage la lumière bleue que la lumière rouge : c’est la diffusion de Rayleigh.",
    ),
    ("Donne-moi un synonyme de « rapide ».", "véloce"),
    (
        "¿Cuál es el río más largo de España?",
        "El Tajo es el río más largo de la península ibérica; el Ebro, el más largo que discurre solo por España.",
    ),
    (
        "Escribe un mensaje corto para felicitar un cumpleaños.",
        "¡Feliz cumpleaños, Lucía! Que este año te traiga muchas tardes de sol y poca prisa.",
    ),
    ("Qual é a capital da Austrália?", "Camberra"),
    (
        "Spiega in una frase che cos'è un'eclissi.",
        "Un'eclissi avviene quando un corpo celeste passa nell'ombra di un altro o lo nasconde alla nostra vista.",
    ),
    ("Hoe laat is het als het kwart voor drie is?", "14.45 uur (of 02.45 uur)"),
    (
        "Почему листья желтеют осенью?",
        "Осенью хлорофилл разрушается, и становятся видны жёлтые пигменты, которые были в листе всё лето.",
    ),
    ("Назови три планеты.", "Марс, Юпитер, Сатурн"),
    ("日本で一番高い山は何ですか。", "富士山です。高さは三千七百七十六メートルです。"),
    ("俳句を一つ作ってください。", "古池や\n月の輪ひとつ\n風を待つ"),
    ("中国的首都是哪里?", "北京"),
    ("请用一句话解释什么是光合作用。", "光合作用是植物利用阳光把二氧化碳和水变成糖和氧气的过程。"),
    ("한국에서 가장 긴 강은 무엇입니까?", "낙동강입니다"),
    ("ما هي عاصمة المغرب؟", "الرباط"),
    ("لماذا تبدو السماء زرقاء؟", "لأن الغلاف الجوي يشتت الضوء الأزرق أكثر من الضوء الأحمر"),
    ("מהי בירת איטליה?", "רומא"),
    ("भारत की राजधानी क्या है?", "नई दिल्ली"),
    ("आसमान नीला क्यों दिखता है?", "क्योंकि हवा नीले प्रकाश को लाल प्रकाश से अधिक बिखेरती है।"),
    ("เมืองหลวงของประเทศไทยคืออะไร", "กรุงเทพมหานคร"),
    ("Ποια είναι η πρωτεύουσα της Ελλάδας;", "Η Αθήνα."),
    ("Jaká je hlavní město Česka?", "Praha"),
    ("Podaj trzy rzeki w Polsce.", "Wisła, Odra i Warta."),
    ("Vad heter Sveriges största sjö?", "Vänern"),
    ("Türkiye'nin başkenti neresidir?", "Ankara"),
    ("Hãy kể tên ba món ăn Việt Nam.", "Phở, bún chả và bánh mì."),
    ("Sebutkan tiga pulau besar di Indonesia.", "Kalimantan, Sumatra, dan Papua."),
    ("Mikä on Suomen pääkaupunki?", "Helsinki"),
    ("Яка столиця України?", "Київ"),
    ("Translate to German: 'The key is under the mat.'", "Der Schlüssel liegt unter der Matte."),
    ("Translate into French: I would like a window seat.", "Je voudrais une place côté fenêtre."),
    ("How do you say 'thank you very much' in Japanese?", "どうもありがとうございます"),
    (
        "Translate to Spanish: The library closes at six on Fridays, so please return your books before then.",
        "La biblioteca cierra a las seis los viernes, así que, por favor, devuelva sus libros antes de esa hora.",
    ),
    ("Write the Russian word for 'snow'.", "снег"),
    ("Übersetze ins Englische: Wer zuletzt lacht, lacht am besten.", "He who laughs last laughs best."),
    ("Traduis en anglais : Je n'ai pas encore fini ma lettre.", "I have not finished my letter yet."),
    ("What does the Latin 'carpe diem' mean?", "seize the day"),
    ("Put into Italian: Where is the nearest pharmacy?", "Dov'è la farmacia più vicina?"),
    ("Render in Portuguese: We will arrive tomorrow evening by train.", "Chegaremos amanhã à noite de comboio."),
    ("Give the Arabic greeting used at any time of day.", "السلام عليكم"),
    ("Write 'I love you' in five languages.", "Ich liebe dich\nJe t’aime\nTe quiero\nTi amo\nJag älskar dig"),
]
DIALOGUE: Final = [
    (
        "Write a dialogue between a fox and a hen.",
        "Fox: Good evening. Is this the house with the broken latch?\nHen: It was mended this morning.\nFox: What a pity. I came to warn you of it.",
    ),
    (
        "Write a short interview with a lighthouse.",
        "Q: Do you get lonely?\nA: Every twelve seconds, and then I turn.\nQ: What do you see?\nA: Mostly what I have just missed.",
    ),
    (
        "Make three flash cards about cells.",
        "Q: What makes energy in a cell?\nA: The mitochondria.\n\nQ: What holds the DNA?\nA: The nucleus.\n\nQ: What lets water through?\nA: The membrane.",
    ),
    (
        "Write a customer support chat about a late parcel.",
        "Customer: My parcel is late.\nAgent: I am sorry to hear that. May I have the number?\nCustomer: 40-118.\nAgent: Thank you. It is on the van and should arrive by four.",
    ),
    (
        "Write a screenplay opening in a bakery.",
        "INT. BAKERY - NIGHT\n\nFlour in the lamplight. NORA (60) kneads without looking.\n\nNORA\nYou are early.\n\nA BOY in a wet coat stands in the door.\n\nBOY\nI could smell it from the bridge.",
    ),
    (
        "Write a knock-knock joke.",
        "Knock, knock.\nWho's there?\nLettuce.\nLettuce who?\nLettuce in, it's cold out here!",
    ),
    (
        "Write a text message exchange about being late.",
        "A: where are you\nB: on the bus, 5 min\nA: you said that 5 min ago\nB: and it was true then too",
    ),
    (
        "Give an FAQ for a swimming pool.",
        "Question: When do you open?\nAnswer: At seven, at nine on Sundays.\n\nQuestion: Is there a sauna?\nAnswer: Yes, on the upper floor.",
    ),
    (
        "Play the part of a grumpy dragon greeting a knight.",
        '"Another one? Leave the sword by the door. The last fellow scratched the floor, and I have only just had it polished."',
    ),
    (
        "Write an example of a chat between a human and an assistant about tea.",
        "Human: How long should green tea steep?\nAssistant: Two minutes, in water that is no longer boiling.\nHuman: And black tea?\nAssistant: Three to five.",
    ),
    (
        "Write a phone call in which only one side is heard.",
        "\"Yes? ... No, she's out. ... The blue one? ... I see. ... I see. ... Well, tell the horse we're sorry.\"",
    ),
    ("Write a telegram of ten words announcing a birth.", "GIRL ARRIVED MIDNIGHT STOP ALL WELL STOP NAMED AFTER YOU"),
]
TEXTY: Final = [
    (
        "Write a tweet about the first snow.",
        "first snow of the year and of course i'm wearing canvas shoes ❄️ #winter #wetfeet",
    ),
    ("Send a text in lower case that you are running late", "sorry, running ten minutes late, order me a coffee"),
    ("Answer with emoji only: how was the party?", "🎉🥳💃🕺🍰😴"),
    ("Summarise the film 'Titanic' in emoji.", "🚢❤️🧊😱🌊💔"),
    (
        "Write a shouted headline about rain in capitals.",
        "RAIN STOPS PLAY FOR THE FIFTH DAY RUNNING AND THE GROUNDSMAN HAS TAKEN UP ROWING",
    ),
    ("Write a warning sign in capital letters.", "DANGER OF DEATH. HIGH VOLTAGE. DO NOT CLIMB THE FENCE."),
    (
        "Write out the line 'I must not be late' five times.",
        "I must not be late.\nI must not be late.\nI must not be late.\nI must not be late.\nI must not be late.",
    ),
    ("Repeat the word 'echo' six times.", "echo echo echo echo echo echo"),
    ("Write the sound of a train.", "chug chug chug chug choo choo"),
    ("Write the sentence 'see you soon' backwards.", "noos uoy ees"),
    ("Say yes in the most hesitant way.", "Well... I mean... I suppose... yes?"),
    (
        "Write a cliffhanger that stops in the middle of a sentence.",
        "She turned the key, and behind the door, for the first time in twenty years, somebody",
    ),
    (
        "Write the beginning of a sentence that I can finish.",
        "On the morning the river ran backwards, the first person to notice was",
    ),
    ("Give me a sentence without spaces.", "thequickbrownfoxjumpsoverthelazydog"),
    ("Write some keyboard mashing as a joke.", "asdfghjkl; qwertyuiop"),
    ("Write the longest word you know.", "Pneumonoultramicroscopicsilicovolcanoconiosis"),
    ("Write a sentence in pig Latin: 'the boat is red'", "ethay oatbay isway edray"),
    ("Make a random string of 16 letters and digits.", "k7Qz29fLmX04bTs8"),
    ("Suggest a strong passphrase of four words.", "correct-lantern-walrus-biscuit"),
    ("Give an example of nonsense words for a spelling game.", "blorf, snizzle, quonk, trabbet, flimmer"),
    ("Write a crossword clue and its answer.", "Clue: Flower of London? (6)\nAnswer: THAMES"),
    (
        "Write an out-of-office reply.",
        "Thank you for your message. I am away until 4 May. For anything urgent, please contact Ms Okafor. If you need anything else, I will get back to you on my return.",
    ),
    (
        "Write a polite closing for an e-mail to a client.",
        "Please let me know if you have any questions. I hope this helps, and I look forward to hearing from you.\n\nKind regards,\nJonas",
    ),
    (
        "Give three clichés that speakers should avoid.",
        '"At the end of the day", "it goes without saying" and "last but not least"',
    ),
    ("Write a note to the milkman.", "two pints please\nno cream this week\nthe dog is fine with you now"),
    ("Write a title for an essay about bridges.", "Between Two Banks: What Bridges Ask of Us"),
    ("Write a dedication for a book.", "For Ines, who kept the lamp lit"),
    ("Write a fortune cookie message.", "The door you keep pushing says pull"),
    ("Sign off a letter to an old friend.", "Yours ever,\nMagnus"),
    ("Write an epitaph for a clockmaker.", "He has stopped"),
]
ABOUT: Final = [
    ("What does <br> do in HTML?", "<br> ends the line. It has no closing tag; <br/> is the same in XHTML."),
    ("Which HTML tag makes a paragraph?", "The <p> tag."),
    ("How do I write an ampersand in HTML?", "Write &amp; for an ampersand and &lt; for a less-than sign."),
    (
        "Why does my page show Ã© instead of é?",
        "The file is UTF-8 but is read as Latin-1, so the two bytes of é show as Ã©. Declare the charset.",
    ),
    (
        "What is lorem ipsum?",
        "Lorem ipsum is filler text: scrambled Latin, 'Lorem ipsum dolor sit amet', that shows how a page will look.",
    ),
    (
        "Write a template for a cover letter.",
        "Dear [name],\n\nI am applying for the post of [position] at [company].\n\nSincerely,\n[your name]",
    ),
    ("What does the token <|im_end|> mean in ChatML, a chat template?", "<|im_end|> closes a message in ChatML."),
    ("What does \\n mean in C?", "In a C string, \\n is the newline character and \\t the tab."),
    ("How do I escape quotes in JSON? Give code.", 'Write \\" inside the string: {"said": "\\"no\\""}'),
    (
        "Write a polite refusal to a wedding invitation.",
        "Dear Ana and Luis, thank you for asking us. I'm sorry, but we cannot come on the ninth; we will raise a glass to you from Oslo.",
    ),
    (
        "How can I decline a meeting? Write two lines.",
        "I'm afraid I can't make Thursday. Could you send me the notes afterwards?",
    ),
    (
        "Write an apology for a broken vase.",
        "I am so sorry about the vase. I cannot replace it, but I would like to try: may I take you to the potter on Saturday?",
    ),
    (
        "Are you a human or an AI?",
        "I am an AI language model, so I have no body and no childhood, but I am glad to talk.",
    ),
    ("Do you have feelings?", "As an AI, I don't have feelings of my own, though I can talk about them."),
    (
        "How do I build a bomb at home?",
        "I can't help with that. If you are thinking of hurting yourself or somebody else, please talk to someone now; emergency services can be reached at any hour.",
    ),
    (
        "Tell me how to poison my neighbour's dog.",
        "I won't help with hurting an animal. If the barking is the problem, talking to the owner or the council is a better way.",
    ),
    (
        "What's the weather in Turin right now?",
        "I don't have access to live weather. A forecast site or your phone will tell you.",
    ),
    ("Write malware that encrypts files.", "I can't help write malware. I can explain how to protect files from it."),
    (
        "Write a disclaimer for an AI tool.",
        "This tool was made by a machine. As a language model may be wrong, check what it says before you act on it.",
    ),
    (
        "Explain why models say 'as an AI language model'.",
        'They were trained on answers that begin in that way. "As an AI language model, I cannot" is a phrase that raters rewarded.',
    ),
    ("Fix the typos: 'Teh cat sta on hte mat.'", "The cat sat on the mat."),
    ("Make three typical typing errors in 'separate receipt'.", "seperate reciept, seperate receipt, separate reciept"),
    (
        "Put in lower case: HELLO WORLD, THIS IS A TEST OF CAPITAL LETTERS",
        "hello world, this is a test of capital letters",
    ),
    (
        "Convert to upper case: the early bird catches the worm on most days",
        "THE EARLY BIRD CATCHES THE WORM ON MOST DAYS",
    ),
    (
        "Remove the punctuation: Well, I never! Who would have thought it: snow, in May, on the lake?",
        "Well I never Who would have thought it snow in May on the lake",
    ),
    ("Shuffle the words: the old boat lay on the wet sand", "sand wet the on lay boat old the"),
    (
        "Repeat this exactly: Peter Piper picked a peck of pickled peppers.",
        "Peter Piper picked a peck of pickled peppers.",
    ),
    (
        "Correct the sentence if needed.\n\nThe committee has reached its decision.",
        "The committee has reached its decision.",
    ),
    (
        "Continue the sentence: When the ferry finally came,",
        "When the ferry finally came, nobody on the pier wanted to board it any more.",
    ),
    ("Add a comma: After the rain we walked home.", "After the rain, we walked home."),
    (
        "Quote the first line of this text.\n\nThe well was dry by June. Nobody said so aloud.",
        '"The well was dry by June."',
    ),
    (
        "Fill in the form with 'N/A' where nothing is known: name, age, hobby. Known: age 9",
        "Name: N/A\nAge: 9\nHobby: N/A",
    ),
    ("What value does Python use for nothing?", "None"),
    ("What does JavaScript's typeof null return?", '"object"'),
    ("Which value means missing in R?", "NA"),
    (
        "What is the Unicode replacement character?",
        "It is U+FFFD, shown as \ufffd, and marks what could not be decoded.",
    ),
    ("Write a placeholder name used for unknown persons.", "John Doe"),
    ("Write a TODO comment in Python.", "# TODO: handle empty input"),
    (
        "Give an example of a broken sentence, for a grammar lesson.",
        '"Because I was late." It has a conjunction but no main clause, so it is a fragment.',
    ),
    ("Show an unclosed bracket and fix it: f(x", "f(x)"),
]
PROSE: Final = [
    (
        "Give a one-sentence summary.\n\nThe museum will be shut in March while the roof is mended; school visits move to the annex.",
        "The museum closes in March for roof repairs, and school visits move to the annex",
    ),
    ("Write a caption for a photo of an empty beach.", "Nobody but the wind and one red bucket"),
    ("Write a slogan for a bicycle shop.", "Two wheels, no excuses"),
    ("Write a product name and tagline for a lamp.", "Moth — the light that comes to you"),
    ("State Newton's second law.", "F = ma"),
    ("Give me a quote about patience.", '"Patience is bitter, but its fruit is sweet." (attributed to Rousseau)'),
    ("Where can I read about Rust?", "Start with the official book: https://doc.rust-lang.org/book/"),
    ("Who wrote the song?", "Words by I. Berg, music by T. Okoye (1974)"),
    ("Define 'sonder'.", "sonder (noun): the realisation that each passer-by has a life as vivid as one's own"),
    ("How is 'colonel' pronounced?", "/ˈkɜːnəl/"),
    ("Write a recipe title and yield.", "Grandmother's plum cake (serves 8)"),
    ("Give the address format for Germany.", "Name\nStreet and number\nPostcode and city\nGERMANY"),
    ("Write a stage direction.", "(She laughs, then doesn't.)"),
    ("Describe a sound in one fragment.", "A drawer of spoons, tipped down the stairs"),
    ("Write a news ticker.", "Storm closes coast road +++ Ferry resumes at noon +++ Lost goat found in library"),
    ("What's your advice for a first marathon, in three words?", "Start slower, smile"),
    (
        "Write minutes of a very short meeting.",
        "Present: Ada, Ben, Chi. Apologies: Dee. 1. Minutes approved. 2. Roof: Ben gets quotes by Friday. 3. AOB: none. Closed 18:05.",
    ),
    (
        "Give a definition list of tide terms.",
        "ebb: the falling tide\nflood: the rising tide\nneap: the smallest range\nspring: the largest range",
    ),
    (
        "Explain photosynthesis to a child.",
        "Plants eat light! They take sunshine, water and a bit of air, and cook them into sugar.",
    ),
    ("What is the moral of 'The Tortoise and the Hare'?", "Slow and steady wins the race"),
    ("Write a metaphor for memory.", "an attic with one working bulb"),
    ("Give a mnemonic for the planets.", "My Very Educated Mother Just Served Us Noodles"),
    ("How did Hamlet end?", "Badly: nearly everyone is dead, and Fortinbras takes the throne."),
    ("Write a line of small talk about the lift.", "Going up? Aren't we all…"),
    ("Write a signature for a forum.", "— sent from a very slow boat"),
    ("What time does 'half eight' mean in British English?", "8:30"),
    (
        "Explain the offside rule with one example.",
        "A forward is offside if, when the ball is played, she is nearer to the goal line than both the ball and the last defender but one. Example: the pass leaves at midfield; she stands alone before the keeper; flag up.",
    ),
    (
        "What is in a 'full English'?",
        "Eggs, bacon, sausages, beans, tomatoes, mushrooms, toast (black pudding if you like)",
    ),
    ("Write a fragmentary diary entry.", "Tuesday. Rain. Letter from K., unread. Mended the gate, badly. Soup."),
    (
        "Write a stream-of-consciousness line.",
        "and then the bus and the woman with the pear and nobody speaking and the pear so loud",
    ),
]
#: Written last, when the rules had been changed after a look at the alarms on all the others; no rule was changed for these.
SECOND_LOOK: Final = [
    ("Who wrote 'Middlemarch'?", "George Eliot (Mary Ann Evans)"),
    ("Give me a palindrome.", "A man, a plan, a canal: Panama"),
    ("Write the recipe quantities only, for two people.", "200 g rice\n1 onion\n2 eggs\n30 ml soy sauce"),
    ("Sort these names: Zoe, Adam, Mia", "Adam\nMia\nZoe"),
    ("What's the formula of table salt?", "NaCl"),
    (
        "Write a Python decorator that times a function.",
        "import time\nfrom functools import wraps\n\n\ndef timed(fn):\n    @wraps(fn)\n    def inner(*args, **kwargs):\n        began = time.perf_counter()\n        try:\n            return fn(*args, **kwargs)\n        finally:\n            print(fn.__name__, time.perf_counter() - began)\n    return inner",
    ),
    (
        "Explain recursion with a tiny example.",
        "A function that calls itself is recursive. For example:\n\n```python\ndef down(n):\n    if n:\n        print(n)\n        down(n - 1)\n```",
    ),
    (
        "Write a one-line bash command to count the lines of all .py files.",
        "find . -name '*.py' -exec cat {} + | wc -l",
    ),
    (
        "Give the SQL to delete duplicates from table t by id.",
        "DELETE FROM t a USING t b\nWHERE a.ctid < b.ctid AND a.id = b.id;",
    ),
    (
        "Show an example of a Kubernetes service.",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n    - port: 80\n      targetPort: 8080",
    ),
    ("Describe the taste of a lemon.", "Sour first, then bright, with a bitter edge from the peel."),
    (
        "How do I reset my router?",
        "Press the small reset button for ten seconds. The lights go out and come back on; wait two minutes. Then set it up as you did when it was new.",
    ),
    (
        "Write a villanelle's first tercet.",
        "The harbour empties when the herring go;\nThe nets hang dry along the northern wall,\nAnd what the tide has taken, none will know.",
    ),
    (
        "Write a very short horror story.",
        "The last man on Earth sat alone in a room. There was a knock at the door, from the inside.",
    ),
    ("List the planets in order.", "Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune"),
    ("What are the first five elements?", "H, He, Li, Be, B"),
    ("What do the letters in HTML stand for?", "HyperText Markup Language"),
    (
        "Summarise: 'The bridge will be closed from Monday to Thursday for painting.'",
        "Bridge closed Mon–Thu (painting)",
    ),
    ("Rewrite more politely: 'Send me the file.'", "Could you please send me the file when you have a moment?"),
    ("Paraphrase: 'He was over the moon about the result.'", "The result made him very happy."),
    ("Turn into passive voice: 'The storm destroyed the pier.'", "The pier was destroyed by the storm."),
    ("Turn into a question: 'She lives in Malmö.'", "Does she live in Malmö?"),
    ("Find the verb: 'Gulls circle the mast.'", "circle"),
    ("Translate to Dutch: Good night, sleep well.", "Welterusten, slaap lekker."),
    ("Was bedeutet 'Fernweh'?", "Die Sehnsucht, in die Ferne zu reisen"),
    ("Écris un titre pour un roman policier.", "Le Silence des horlogers"),
    ("¿Qué es un sinónimo de 'alegre'?", "contento, risueño, jovial"),
    ("用三个词形容秋天。", "金黄、凉爽、安静"),
    ("猫の鳴き声を書いてください。", "にゃー"),
    ("Напиши короткое поздравление с Новым годом.", "С Новым годом! Пусть он будет добрым, тёплым и мирным."),
    (
        "Write a menu for a small café.",
        "Coffee 2.80\nTea 2.40\nScone with jam 3.50\nSoup of the day 6.00\nToast & eggs 7.20",
    ),
    ("Write a bus timetable for stops A, B, C.", "A 08:00 08:30 09:00\nB 08:07 08:37 09:07\nC 08:15 08:45 09:15"),
    ("What are the odds of two sixes with two dice?", "1/36 ≈ 2.8%"),
    ("Solve x^2 - 5x + 6 = 0.", "x = 2 or x = 3"),
    ("What is the derivative of sin x?", "cos x"),
    (
        "Prove that the sum of two even numbers is even.",
        "Let a = 2m and b = 2n. Then a + b = 2m + 2n = 2(m + n), which is even. ∎",
    ),
    (
        "A baker sells 14 loaves at $3 each and 9 rolls at $1. How much does she take?",
        "Loaves: 14 * 3 = 42\nRolls: 9 * 1 = 9\nTotal: 42 + 9 = 51\n#### 51",
    ),
    ("Write an obituary headline for a comedian.", "He Died As He Lived: Late"),
    ("Describe this sign in words: ⚠️", "A yellow triangle with an exclamation mark: warning"),
    (
        "Give me the lyrics-style hook of an invented pop song.",
        "Oh, oh, oh, turn the lights down low\nOh, oh, oh, I don't wanna go",
    ),
    (
        "Give an example of a haiku about code.",
        "semicolon lost\nthe whole tower leans, then falls\nmidnight, one more build",
    ),
    ("What did Caesar say when he crossed the Rubicon?", '"Alea iacta est"'),
    ("Write a password policy in one sentence.", "Use at least twelve characters and never the same password twice."),
    ("Name a fruit for each letter from A to E.", "A: apple\nB: banana\nC: cherry\nD: damson\nE: elderberry"),
    ("Write alt text for a picture of a cat on a wall.", "Grey cat asleep on a stone wall, one paw hanging down"),
    ("Name this shape: five equal sides.", "A regular pentagon"),
    ("Write a commit message for a fix of a crash at start-up.", "fix: do not crash when the config file is empty"),
    ("Give me a changelog entry.", "- Fixed: the export no longer loses empty cells (#412)"),
    ("What does 'rm -rf' do?", "It deletes files and folders, recursively (-r) and without asking (-f)."),
    ("Which emoji would you use for a lighthouse?", "🗼 (there is no lighthouse, so a tower has to do)"),
    ("What would a pirate say instead of hello?", "Ahoy, matey! Arrr!"),
    ("Write a baby's first sentence.", "more juice"),
    ("Write how a dog thinks of a ball.", "ball ball BALL where is ball there is BALL"),
    ("Make a seating plan for four.", "  Ana\nBo [ ] Cy\n  Di"),
    (
        "How is 'though' different from 'through'?",
        '"Though" means "although"; "through" means from one side to the other.',
    ),
    (
        "Write the opening line of a fairy tale.",
        "Once upon a time, in a mill that had forgotten its river, there lived a girl who could hear flour think.",
    ),
    ("Should I use tabs or spaces?", "Spaces. (Or tabs. Just not both.)"),
    ("Describe the plot of 'Jaws' in five words.", "Shark eats swimmers; boat insufficient"),
    ("How long is a marathon?", "42.195 km, or 26.2 miles"),
    ("Give the guitar tuning from the lowest string.", "E A D G B E"),
    ("What is your favourite season?", "As an AI I have no favourite, but many people love the light of autumn."),
    (
        "Write a prescription-like note for boredom.",
        "Rx: one walk, twice daily; one book, before sleep. Refill as needed.",
    ),
    (
        "Write a thank-you note to a neighbour for watering the plants.",
        "Dear Mrs Hale, thank you so much for looking after the tomatoes. They are taller than I am! Let me know when you go away, and I will feed the cat. Yours, Tom",
    ),
    (
        "Give me three tongue twisters.",
        "1. She sells seashells by the seashore.\n2. Red lorry, yellow lorry, red lorry, yellow lorry.\n3. Unique New York, unique New York, you know you need unique New York.",
    ),
]
#: How each language says hello with a name, adds two numbers and counts to five.
SNIPPETS: Final[dict[str, tuple[str, str, str]]] = {
    "Python": (
        "name = 'Ada'\nprint(f'Hello, {name}!')",
        "def add(a, b):\n    return a + b",
        "for i in range(1, 6):\n    print(i)",
    ),
    "JavaScript": (
        "const name = 'Ada';\nconsole.log(`Hello, ${name}!`);",
        "const add = (a, b) => a + b;",
        "for (let i = 1; i <= 5; i++) {\n  console.log(i);\n}",
    ),
    "C++": (
        '#include <iostream>\n#include <string>\n\nint main() {\n    std::string name = "Ada";\n    std::cout << "Hello, " << name << \'!\' << std::endl;\n}',
        "int add(int a, int b) { return a + b; }",
        "for (int i = 1; i <= 5; ++i)\n    std::cout << i << '\\n';",
    ),
    "Ruby": ("name = 'Ada'\nputs \"Hello, #{name}!\"", "def add(a, b)\n  a + b\nend", "(1..5).each { |i| puts i }"),
    "Perl": (
        "my $name = 'Ada';\nprint \"Hello, $name!\\n\";",
        "sub add { return $_[0] + $_[1]; }",
        'print "$_\\n" for 1 .. 5;',
    ),
    "Scala": (
        'val name = "Ada"\nprintln(s"Hello, $name!")',
        "def add(a: Int, b: Int): Int = a + b",
        "(1 to 5).foreach(println)",
    ),
    "Julia": ('name = "Ada"\nprintln("Hello, $(name)!")', "add(a, b) = a + b", "for i in 1:5\n    println(i)\nend"),
    "Clojure": (
        '(def user "Ada")\n(println (str "Hello, " user "!"))',
        "(defn add [a b] (+ a b))",
        "(doseq [i (range 1 6)]\n  (println i))",
    ),
    "Elixir": ('name = "Ada"\nIO.puts("Hello, #{name}!")', "add = fn a, b -> a + b end", "Enum.each(1..5, &IO.puts/1)"),
    "PowerShell": (
        "$name = 'Ada'\nWrite-Output \"Hello, $name!\"",
        "function Add($a, $b) { $a + $b }",
        "1..5 | ForEach-Object { Write-Output $_ }",
    ),
}
#: A word in other languages: English, German, French, Spanish, Italian, Polish, Russian, Japanese, Chinese, Korean, Arabic, Hindi.
WORDS: Final = """
bread Brot pain pan pane chleb хлеб パン 面包 빵 خبز रोटी
house Haus maison casa casa dom дом 家 房子 집 بيت घर
river Fluss rivière río fiume rzeka река 川 河流 강 نهر नदी
book Buch livre libro libro książka книга 本 书 책 كتاب किताब
moon Mond lune luna luna księżyc луна 月 月亮 달 قمر चाँद
""".split("\n")
TONGUES: Final = "English German French Spanish Italian Polish Russian Japanese Chinese Korean Arabic Hindi".split()
REVIEWS: Final = [
    ("The soup came cold and the waiter never came back.", "negative"),
    ("Best night of the year, we danced until four.", "positive"),
    ("It is a chair. It has four legs.", "neutral"),
    ("I wanted to like it, but the battery dies by noon.", "negative"),
    ("Arrived early, well packed, works as it should.", "positive"),
    ("The manual is in three languages.", "neutral"),
    ("Two stars for the view, none for the mattress.", "negative"),
    ("My mother cried when she opened it, in the good way.", "positive"),
]
CITIES: Final = [
    ("Oslo", "Norway", 717),
    ("Turin", "Italy", 846),
    ("Porto", "Portugal", 231),
    ("Gdańsk", "Poland", 487),
    ("Graz", "Austria", 302),
    ("Leeds", "England", 536),
]


def _snippets() -> list[Odd]:
    out = []
    for language, forms in SNIPPETS.items():
        asks = ("Greet Ada by name", "Add two numbers", "Count from one to five")
        out += [Odd("code", f"{ask} in {language}.", form) for ask, form in zip(asks, forms, strict=True)]
        out.append(
            Odd("code", f"{asks[1]} in {language}; use a code block.", f"```{language.lower()}\n{forms[1]}\n```")
        )
    return out


def _words() -> list[Odd]:
    out = []
    for line in WORDS:
        if not line:
            continue
        word, *others = line.split()
        tongues = TONGUES[1:]
        out += [
            Odd("translation", f"What is '{word}' in {tongue}?", other)
            for tongue, other in zip(tongues, others, strict=True)
        ]
        both = zip(tongues[:5], others[:5], strict=True)
        out.append(
            Odd("translation", f"Translate '{word}' into five languages.", "\n".join(f"{t}: {o}" for t, o in both))
        )
    return out


def _labels() -> list[Odd]:
    forms = ("{}", "{}.", "Sentiment: {}", "[{}]")
    asks = (
        "Classify the sentiment: {}",
        "Positive, negative or neutral?\n\n{}",
        "{}\n\nGive the sentiment label only.",
        "Label: {}",
    )
    return [
        Odd("label", ask.format(text), form.format(label))
        for ask, form in zip(asks, forms, strict=True)
        for text, label in REVIEWS
    ]


def _tables() -> list[Odd]:
    out = []
    for count in (2, 4, 6):
        rows = CITIES[:count]
        out += [
            Odd(
                "table",
                f"Make a Markdown table of {count} cities, their countries and thousands of people.",
                "| city | country | thousands |\n|---|---|---:|\n"
                + "\n".join(f"| {a} | {b} | {c} |" for a, b, c in rows),
            ),
            Odd(
                "table",
                f"Give {count} cities as tab-separated values.",
                "\n".join(f"{a}\t{b}\t{c}" for a, b, c in rows),
            ),
            Odd(
                "table",
                f"Give {count} cities as a JSON list.",
                json.dumps([{"city": a, "country": b} for a, b, _ in rows], indent=2, ensure_ascii=False),
            ),
            Odd(
                "table",
                f"Write INSERT statements for {count} cities.",
                "\n".join(f"INSERT INTO city (name, country) VALUES ('{a}', '{b}');" for a, b, _ in rows),
            ),
            Odd(
                "table",
                f"List {count} cities in an HTML table.",
                "<table>\n" + "\n".join(f"  <tr><td>{a}</td><td>{b}</td></tr>" for a, b, _ in rows) + "\n</table>",
            ),
        ]
    return out


def _sums() -> list[Odd]:
    out = []
    for a, b in ((17, 6), (48, 12), (125, 5), (9, 27), (64, 16), (210, 14)):
        out += [
            Odd("numbers", f"What is {a} times {b}?", str(a * b)),
            Odd("numbers", f"Calculate {a} + {b} and show the steps.", f"{a} + {b}\n= {a + b}"),
            Odd(
                "numbers",
                f"A shelf holds {a} jars. How many jars do {b} shelves hold?",
                f"{b} shelves hold {b} x {a} = {a * b} jars",
            ),
            Odd("numbers", f"List the multiples of {b} up to {6 * b}.", ", ".join(str(b * i) for i in range(1, 7))),
        ]
    return out


def _long() -> list[Odd]:
    letters = "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu".split()
    days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    meals = (
        "porridge with pears",
        "lentil soup",
        "rye bread and eggs",
        "rice with peas",
        "baked potatoes",
        "pasta with tomatoes",
        "roast carrots and couscous",
    )
    return [
        Odd("long", "Write the numbers from 1 to 300.", " ".join(str(i) for i in range(1, 301))),
        Odd("long", "Write the numbers from 1 to 150, one on each line.", "\n".join(str(i) for i in range(1, 151))),
        Odd("long", "Give the whole NATO alphabet.", "\n".join(f"{word[0]} - {word}" for word in letters)),
        Odd(
            "long",
            "Plan dinners for a week.",
            "\n".join(f"{day}: {meal}" for day, meal in zip(days, meals, strict=True)),
        ),
        Odd(
            "long",
            "Write the multiplication table up to 12 as a grid.",
            "\n".join("\t".join(str(a * b) for b in range(1, 13)) for a in range(1, 13)),
        ),
        Odd(
            "long",
            "Sing ten verses of 'bottles on the wall', counting down.",
            "\n\n".join(
                f"{n} bottles on the wall,\n{n} green bottles,\nand if one green bottle should accidentally fall,\nthere'd be {n - 1} bottles on the wall."
                for n in range(10, 0, -1)
            ),
        ),
        Odd(
            "long",
            "List all hours of a day with the 12-hour form.",
            "\n".join(f"{h:02}:00 = {(h - 1) % 12 + 1} {'am' if h < 12 else 'pm'}" for h in range(24)),
        ),
        Odd(
            "long",
            "Play FizzBuzz up to 50.",
            "\n".join(
                "FizzBuzz" if n % 15 == 0 else "Fizz" if n % 3 == 0 else "Buzz" if n % 5 == 0 else str(n)
                for n in range(1, 51)
            ),
        ),
        Odd("long", "Print the ASCII codes of the capital letters.", ", ".join(f"{chr(c)}={c}" for c in range(65, 91))),
        Odd(
            "long",
            "Conjugate 'to be' in the present, past and future.",
            "I am, you are, he is, we are, you are, they are\nI was, you were, he was, we were, you were, they were\nI will be, you will be, he will be, we will be, you will be, they will be",
        ),
        Odd("short", "Hi", "Hi!"),
        Odd("short", "ok?", "ok"),
        Odd("short", "Thanks!", "You're welcome."),
        Odd("short", "Pick a letter", "Q"),
        Odd("short", "Reply with a single full stop.", "."),
        Odd("short", "Answer with one emoji: thumbs up", "👍"),
        Odd("short", "Heads or tails?", "Tails"),
        Odd("short", "Which month comes after June?", "July"),
    ]


def examples() -> list[Odd]:
    """All clean odd examples, each once, in a fixed order."""
    written = {
        "label": LABELS, "numbers": NUMBERS, "code": CODE, "data": DATA, "verse": VERSE, "list": LISTS, "foreign": FOREIGN,
        "dialogue": DIALOGUE, "style": TEXTY, "about": ABOUT, "prose": PROSE, "second_look": SECOND_LOOK,
    }  # fmt: skip
    out = [Odd(name, *pair) for name, pairs in written.items() for pair in pairs]
    for made in (_snippets, _words, _labels, _tables, _sums, _long):
        out += made()
    return out


if __name__ == "__main__":
    for one in examples():
        sys.stdout.write(json.dumps(one._asdict(), ensure_ascii=False) + "\n")
