"""Lists of words, in six languages, that the patterns of `task_rules` refer to by name."""

from __future__ import annotations

from typing import Final

# In the texts below, a line at the margin begins an entry, and the indented lines after it are one pattern.
# Words that stand for any of a list, as in <PIECE>, are defined here:
WORDS: Final = r"""
LANGUAGE
    english|german|french|spanish|italian|portuguese|russian|chinese|mandarin|japanese|korean|arabic|hindi|latin
    |dutch|polish|turkish|swedish|greek|hebrew|bengali|urdu|englische?|deutsche?|französische?|spanische?
    |italienische?|anglais|allemand|français|espagnol|italien|inglés|alemán|francés|español|italiano|inglês|alemão
    |francês|espanhol|português|inglese|tedesco|francese|spagnolo|portoghese
PASSAGE
    texts?|passages?|paragraphs?|articles?|documents?|story|context|abstract|conversation|dialogue|transcript
    |e-?mail|report|essay|reviews?|letter|notes?|excerpt|absatz|artikels?|textes?|paragraphe|textos?|párrafo
    |artículo|artigo|testo|brano|articolo
PIECE
    story|stories|tales?|fables?|poems?|haikus?|limericks?|sonnet|verses?|rap|songs?|lyrics|novel|scene|screenplay
    |script|dialogue|monologue|jokes?|riddles?|essays?|letters?|e-?mails?|memo|messages?|reply|blogs?|blog posts?
    |posts?|tweets?|articles?|speech|toast|eulogy|slogans?|taglines?|captions?|headlines?|ads?|adverts?
    |advertisements?|jingle|press release|newsletter|reviews?|descriptions?|biography|bio|cover letter|resume|cv
    |proposal|reports?|papers?|statement|contract|agreement|policy|recipes?|paragraphs?|passage|copy|content|guide
    |manual|instructions|presentation|marketing materials?|campaign|invitation|note|survey|diary entry|journal entry
    |obituary|clause|legend|myth|pitch|summary of my|webpage content|questionnaire|form|newsletter|geschichte
    |gedicht|märchen|lied|brief|aufsatz|rede|anzeige|werbetext|histoire|poème|chanson|lettre|conte|discours|courriel
    |cuento|historia|poema|canción|carta|ensayo|correo|discurso|história|canção|conto|redação|storia|poesia|canzone
    |lettera|racconto
WRITE
    write|compose|draft|craft|pen|create|generate|produce|make|prepare|develop|design|outline|tell(?: me)?|give me
    |provide|i need|schreibe?n?|verfasse|dichte|erzähle?|écri[st]|écrivez|rédige[rz]?|compose[rz]|raconte[rz]?
    |invente[rz]?|escrib[ea]|redacta|compón|cuénta(?:me)?|inventa|escrev[ae]|componha|crie|scrivi|componi|racconta
NUMBER
    \d+|some|several|a few|multiple|many|other|two|three|four|five|six|seven|eight|nine|ten|twenty|common|popular
    |good|fun|different|possible|unique|creative|famous|great|einige|zwei|drei|vier|fünf|zehn|deux|trois|quatre|cinq
    |dix|quelques|dos|tres|cuatro|cinco|diez|algun[oa]s|dois|duas|três|quatro|dez|alguns|due|tre|quattro|cinque
    |dieci|alcun[ie]
QUANTITY
    \d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|twice|half|double|triple|third|quarter
    |dozens?)\b
CODE_NAMES
    python|java|javascript|typescript|c\+\+|c#|sql|mysql|postgres\w*|mongodb|html5?|css3?|php|golang|kotlin|bash
    |matlab|vba|jquery|node\.?js|react(?:js)?|django|numpy|pandas|tensorflow|pytorch|regex|regexp
    |regular expressions?|json|xml|yaml|ggplot2?|dockerfile|shell script|(?:for|while) loop|if[- ]else|recursion
    |(?:in|using|with) (?:ruby|rust|swift|perl|go|r|c|scala|flask|angular|vue|excel)|ruby (?:on rails|script|code
    |program)
CODE_THINGS
    code|program|programm|script|functions?|method|class|algorithms?|quer(?:y|ies)|web ?(?:page|site)|api|loop
    |arrays?|linked list|binary (?:search )?tree|stack|queue|data ?(?:base|frame|structures?)|hash ?(?:map|table)
    |dictionary|strings?|variables?|objects?|compiler|snippet|unit tests?|array of|list of (?:numbers|integers
    |strings)|stylesheet|web app|app|module|interface|constructor|funktion|skript|fonction|programme|función
    |programa|código|função|funzione|programma|codice
CODE_VERBS
    write|create|generate|design|develop|implement|construct|build|make|edit|modify|rewrite|re-write|fix|debug
    |optimi[sz]e|refactor|complete|add|convert|explain|describe|find|correct|identify|declare|define|change|update
    |insert|delete|remove|print|output|tell me|suggest|give|provide|reverse|sort|parse|transform|translate|given
    |compile|analy[sz]e|what|how|predict|name|list|come up with|schreibe?|erstelle|écri[st]|écrivez|crée[rz]?
    |escrib[ea]|crea|escreva|crie|scrivi
LISTED
    (?m)(?:^[ \t]*(?:[-*•–]|\d+[.)])[^\n]*\n+){2,}
OVERVIEW
    (?:what|who) (?:is|was|are|were)|(?:tell me|write) (?:about|more)|describe|(?:what|who) happened|wer (?:ist|war)
    |was (?:ist|war)|qui (?:est|était)|qu'est-ce|quién (?:es|fue)|qué es|quem (?:é|foi)|o que é|chi (?:è|era)
QUESTIONWORDS
    what|what's|who|whom|whose|when|where|why|which|how|is|are|was|were|do|does|did|can|could|will|would|has|have
    |had|should|explain|describe|define|tell me about|tell me more|discuss|compare|was|wer|wann|wo|warum|wieso
    |welche[rs]?|wie|ist|sind|erkläre?|beschreibe?|qui|que|qu'est-ce|quel(?:le)?s?|quand|où|pourquoi|comment|est-ce
    |explique[rz]?|décri[st]|qué|quién|cuándo|dónde|por qué|cuál(?:es)?|cómo|explica|describe|quem|quando|onde
    |por que|o que|qual|quais|como|descreva|che|chi|dove|perché|quale|quali|come|spiega|descrivi
"""
