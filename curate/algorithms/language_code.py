"""What of a text is code, markup or a table rather than a natural language: patterns for one pass over its lines.

The patterns are in the syntax of Rust's regular expressions (no look-around). They look at single lines, and
prefer to miss a line of code over taking a line of prose: what is left is what the language is judged by.
"""

from __future__ import annotations

from typing import Final

_NAME: Final = r"[A-Za-z_$][A-Za-z0-9_$.\[\]:]*"

_TYPE: Final = r"(?:int|float|double|char|bool|boolean|long|void|string|String|auto|var|let|const|val)"

#: Statements that begin with a keyword, and what must follow it, as in no prose.
_STATEMENTS: Final = (
    r"(?:async )?def [A-Za-z0-9_]+ ?\(",
    r"(?:public |private |protected |static |final |abstract |export |default |async |template ?<)[^.!?\n]*[({;=]",
    r"(?:class|struct|interface|enum|function|namespace|fn|func) ?\*?[A-Za-z0-9_]* ?(?:[({:<]|extends |implements )",
    rf"(?:unsigned )?{_TYPE}(?:\[\]| ?[*&]|<[A-Za-z, ]+>)? +[*&]?[A-Za-z0-9_]+ ?(?:[=;,(\[:]|$)",
    r"(?:from [A-Za-z0-9_.]+ )?import [A-Za-z0-9_.*{}, ]+(?: from [^\s]+)?;?[ \t\r]*$",
    r"#[ \t]*(?:include|define|ifdef|ifndef|endif|pragma)",
    r"using [A-Za-z0-9_. =]+;|package [a-z.]+;?[ \t\r]*$|<\?|\?>|#!/",
    r"(?:if|elif|else if|for|foreach|while|switch|catch) ?\([^\n]*[{;):][ \t\r]*$",
    r"(?:if|elif|for|while|with|except) [^\n]*:[ \t\r]*$",
    r"(?:else|try|finally|do|begin|default|except) ?[:{]?[ \t\r]*$|(?:end|fi|done|esac|pass|break|continue);?[ \t\r]*$",
    r"(?:return|yield|throw|raise|del|assert|await)(?:| [^\n]*[^.!?,\n]|[(\"'][^\n]*);?[ \t\r]*$",
    r"echo [\"'$-]|if \[|[^\n]*(?:\$[({]|\"\$[A-Za-z0-9]|; (?:then|do)[ \t\r]*$)",
    r"SELECT [^\n]*[^.!?\s][ \t\r]*$|SELECT [^\n]* FROM |INSERT INTO |UPDATE [^\n]* SET ",
    r"DELETE FROM |(?:GROUP|ORDER) BY |FROM [a-zA-Z_]|WHERE [a-zA-Z_]",
    r"(?:CREATE|DROP|ALTER) (?:TABLE|VIEW|INDEX|DATABASE) ",
    r"(?:LEFT |RIGHT |INNER |OUTER )?JOIN [^\n]* ON |(?:AND|OR|ON|SET|HAVING) [A-Za-z0-9_.]+ ?[=<>]",
    r"select [^\s]+(?:, ?[^\s]+)* from |insert into [^\s]+ ?\(|update [^\s]+ set |delete from [^\s]+ where ",
    r"create table [^\s]+ ?\(|(?:group|order) by [^\s]+;[ \t\r]*$|where [A-Za-z0-9_.]+ ?[=<>]",
)

#: Lines whose form says code, whatever the words.
_FORMS: Final = (
    rf"{_NAME}(?:, ?{_NAME})* ?(?:[-+*/%|&^:]|<<|>>)?=",  # an assignment
    r"[A-Za-z_$.][A-Za-z0-9_$.:>-]*\([^\n]*\) ?[;:{,)]*[ \t\r]*$",  # a call alone on its line
    r"[^A-Za-z0-9\s]?\}|[^\n]*[{}][ \t\r]*$",  # a block begins or ends
    r"[^\n]*[=(){}<>\[\]+*_][^\n]*;[ \t\r]*$|[A-Za-z0-9_.]+(?: [A-Za-z0-9_.*&]+)?;[ \t\r]*$",  # a statement ends
    r"[\"'][^\"'\n]*[\"'] ?: ?|[a-z-]+ ?: ?[^;\s]+(?: [^;\s]+){0,3};[ \t\r]*$",  # a field of JSON, a property of CSS
    r"@[A-Za-z0-9_]+(?:\([^\n]*\))?$|>>> |\$ ",  # a decorator, a prompt
)

#: Rows of a table: cells between bars, between tabs, or between commas without spaces.
_ROWS: Final = (
    r"\|[^\n]*\||[^|\n]{1,60} \| ",
    r"[^\t\n]*[^\t\n ][^\t\n]*\t[^\t\n]+\t",
    r"[^,\s]+(?:,[^,\s]+){2,}[ \t\r]*$",
)

#: Blocks and tags: fenced code, scripts, and the tags (not the text) of markup.
BLOCKS: Final = r"(?s:```.*?(?:```|\z))|(?s:<(?:script|style)\b.*?(?:</(?:script|style)>|\z))|</?[A-Za-z!][^<>]*>"

#: Lines of code or of a table, to be matched after `BLOCKS` are taken out: one pattern for each sort. No match goes
#: beyond its line, so each takes its own lines out, in any order; one pattern for all has an automaton of too many
#: states, and takes three times as long.
LINES: Final = tuple(rf"(?m)^[ \t]*(?:{'|'.join(sort)})[^\n]*$" for sort in (_FORMS, _ROWS, _STATEMENTS))

#: What a text may hold, as bits: lines of each sort of `LINES`, in their order; what `language_profiles.clean` changes.
FORMS, ROWS, STATEMENTS, UNCLEAN = (1 << i for i in range(4))

#: The words that statements begin with, for `language_screens`, which looks for nothing that begins otherwise.
FIRST_WORDS: Final = tuple(
    """
    async def public private protected static final abstract export default template class struct interface enum
    function namespace fn func unsigned int float double char bool boolean long void string String auto var let const
    val from import using package if elif else for foreach while switch catch with except try finally do begin end fi
    done esac pass break continue return yield throw raise del assert await echo SELECT INSERT UPDATE DELETE GROUP ORDER
    FROM WHERE CREATE DROP ALTER LEFT RIGHT INNER OUTER JOIN AND OR ON SET HAVING select insert update delete create
    group order where
    """.split()  # noqa: SIM905 - a word list is easier to read and to extend as one string
)
