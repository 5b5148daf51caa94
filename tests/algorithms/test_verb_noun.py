"""Root verbs and objects against labels made by hand, before the rule was run on them."""

from __future__ import annotations

import pytest

from curate.algorithms.verb_noun import VerbNoun, singular, verb_noun

# instruction | verb | noun; `-` is none. Labelled by hand.
LABELS = """
Write a short story about a lighthouse keeper. | write | story
Write three haikus on autumn. | write | haiku
Give me five ideas for a birthday party. | give | idea
Summarize the following article. | summarize | article
Summarise this paragraph in one sentence. | summarise | paragraph
Translate the sentence into French. | translate | sentence
Classify the animals as mammals or birds. | classify | animal
Explain photosynthesis to a child. | explain | photosynthesis
Explain why the sky is blue. | explain | -
Explain how a fridge works. | explain | -
Describe your favourite place. | describe | place
List ten countries in Africa. | list | country
Name three rivers in Europe. | name | river
Create a marketing plan for a bakery. | create | plan
Create a list of healthy snacks. | create | list
Generate a random password. | generate | password
Design a logo for a bike shop. | design | logo
Identify the main theme of the poem. | identify | theme
Find the area of a circle. | find | area
Calculate the total cost of the items. | calculate | cost
Solve the equation 3x + 4 = 10. | solve | equation
Rewrite the sentence in the passive voice. | rewrite | sentence
Correct the spelling errors in the text. | correct | error
Edit this paragraph for clarity. | edit | paragraph
Extract all dates from the text. | extract | date
Compare apples and oranges. | compare | apple
Suggest a good restaurant in Rome. | suggest | restaurant
Recommend two books about the sea. | recommend | book
Compose an email to your landlord. | compose | email
Draft a letter of resignation. | draft | letter
Construct a sentence with the word rust. | construct | sentence
Provide an example of irony. | provide | example
Provide three tips for sleeping well. | provide | tip
Tell me a joke about cats. | tell | joke
Tell me about the history of tea. | tell | history
Tell us a bedtime story. | tell | story
Make a grocery list for a week. | make | list
Make up a riddle about time. | make | riddle
Come up with a slogan for a gym. | come | slogan
Come up with ten names for a dog. | come | name
Think of a metaphor for grief. | think | metaphor
Brainstorm ways to save water. | brainstorm | way
Convert 10 miles to kilometres. | convert | mile
Convert the text to upper case. | convert | text
Sort the numbers in ascending order. | sort | number
Arrange the words alphabetically. | arrange | word
Predict the next number in the sequence. | predict | number
Analyze the tone of the speech. | analyze | tone
Evaluate the argument. | evaluate | argument
Choose the correct answer. | choose | answer
Select the odd word out. | select | word
Determine the sentiment of the review. | determine | sentiment
Detect the language of the message. | detect | language
Fill in the blanks. | fill | -
Complete the sentence with a suitable adjective. | complete | sentence
Add a comma where needed. | add | comma
Remove all duplicates from the list. | remove | duplicate
Replace the adjectives with synonyms. | replace | adjective
Outline the steps of the water cycle. | outline | step
Discuss the causes of the war. | discuss | cause
Define the term entropy. | define | term
Write code that prints the primes. | write | code
Write a Python function that reverses a string. | write | function
Implement a binary search tree. | implement | tree
Debug the following program. | debug | program
Plan a three-day trip to Lisbon. | plan | trip
Develop a lesson plan on fractions. | develop | plan
Answer the question below. | answer | question
Please write a poem about snow. | write | poem
Please, list the planets. | list | planet
Can you recommend a good film? | recommend | film
Could you please translate this letter? | translate | letter
Would you explain the rules of chess? | explain | rule
I want you to write a speech for my wedding. | write | speech
I would like you to review my essay. | review | essay
I need you to check the following figures. | check | figure
Your task is to label each tweet. | label | tweet
You should write a product description. | write | description
Help me plan a surprise party. | plan | party
Hi there, can you draw a map of the island? | draw | map
Let's write a song together. | write | song
Given a list of words, count the vowels. | count | vowel
Given the following facts, write a news report. | write | report
Based on the text, answer the question. | answer | question
Using the ingredients below, suggest a recipe. | suggest | recipe
In this task, identify the verb. | identify | verb
As a teacher, prepare a quiz about volcanoes. | prepare | quiz
For each sentence, mark the subject. | mark | subject
After reading the passage, state the main idea. | state | idea
If possible, give an example. | give | example
From the list, pick two fruits. | pick | fruit
What is the capital of Peru? | - | -
Why do cats purr? | - | -
How do I tie a tie? | - | -
Who wrote Hamlet? | - | -
Where do penguins live? | - | -
When did the war end? | - | -
Which planet is the largest? | - | -
Is a tomato a fruit? | - | -
Are whales mammals? | - | -
Do fish sleep? | - | -
Does this sentence make sense? | - | -
Should I buy a new car? | - | -
Was Cleopatra Greek? | - | -
My dog will not eat. | - | -
I feel sad today. | - | -
The weather is fine. | - | -
Good morning! | - | -
Schreibe ein Gedicht. | - | -
Raconte une histoire. | - | -
请写一首诗。 | - | -
12 * 7 | - | -
Read the passage. | read | passage
Read the text below and list the names. | read | text
Pretend you are a pirate. | pretend | -
Act as a travel guide. | act | -
Imagine a world without sound. | imagine | world
Play the role of a detective. | play | role
Write an essay of 300 words. | write | essay
Write the opening of a crime novel. | write | opening
Write a review of a painting. | write | review
Give the meaning of the idiom. | give | meaning
Give a brief history of jazz. | give | history
Give an overview of the plot. | give | overview
Give two synonyms for brave. | give | synonym
Show me a recipe for flatbread. | show | recipe
Show the steps to change a tyre. | show | step
Put the events in order. | put | event
Turn the notes into full sentences. | turn | note
Change the verb to the past tense. | change | verb
Shorten the message to ten words. | shorten | message
Simplify the expression. | simplify | expression
Paraphrase the quote. | paraphrase | quote
Proofread my cover letter. | proofread | letter
Improve the style of this text. | improve | style
Rephrase the question politely. | rephrase | question
Combine the two sentences. | combine | sentence
Split the paragraph into two parts. | split | paragraph
Group these items by colour. | group | item
Rank the cities by size. | rank | city
Match the words with their meanings. | match | word
Label the parts of the flower. | label | part
Estimate the height of the tower. | estimate | height
Guess the next word. | guess | word
Invent a new sport. | invent | sport
Propose a solution to the problem. | propose | solution
Illustrate the concept with an example. | illustrate | concept
Justify your answer. | justify | answer
Organize a charity run. | organize | run
Set up a meeting with the team. | set | meeting
Look up the population of Chile. | look | population
Point out the mistakes. | point | mistake
Send a reminder to all members. | send | reminder
Reply to this email. | reply | email
Respond to the customer. | respond | customer
Continue the story. | continue | story
Finish the dialogue below. | finish | dialogue
Briefly describe the French Revolution. | describe | revolution
Carefully check the following statements. | check | statement
Quickly name a few famous singers. | name | singer
Write me a set of rules for the game. | write | rule
Offer a couple of reasons for the delay. | offer | reason
Prove that the sum is even. | prove | -
Check whether the number is prime. | check | -
Decide if the claim is true. | decide | -
Say hello in Spanish. | say | hello
Ask the doctor a question. | ask | doctor
Teach the class a new song. | teach | class
Write a cover letter and a CV. | write | letter
Create an outline, then write the essay. | create | outline
I am a nurse. Write a poem for my patients. | write | poem
We sell shoes. Create a slogan. | create | slogan
Task: classify the review. | classify | review
Design and build a small boat. | design | boat
Write down five words that rhyme with rain. | write | word
Break the problem into parts. | break | problem
Interpret the results of the experiment. | interpret | result
Find two errors in the code. | find | error
Fix the bug in this script. | fix | bug
Optimize the query. | optimize | query
Convert the recipe to metric units. | convert | recipe
Recite a poem. | recite | poem
Sing a lullaby. | sing | lullaby
Compute the mean of the values. | compute | mean
Round the number to two digits. | round | number
Draw conclusions from the data. | draw | conclusion
Categorize the following expenses. | categorize | expense
"""

CASES = [tuple(part.strip() for part in line.split(" | ")) for line in LABELS.strip().split("\n")]


def test_the_list_is_long_and_mixed() -> None:
    assert len(CASES) >= 150
    assert len({case[0] for case in CASES}) == len(CASES)
    assert sum(case[1] == "-" for case in CASES) >= 20
    assert sum(case[1] != "-" and case[2] == "-" for case in CASES) >= 5


def test_verbs_and_nouns_by_hand() -> None:
    """The rule may miss, but not often; and it must not invent a verb where there is none."""
    wrong_verbs, wrong_nouns = [], []
    for text, verb, noun in CASES:
        found = verb_noun(text)
        if (found.verb or "-") != verb:
            wrong_verbs.append((text, found))
        elif (found.noun or "-") != noun:
            wrong_nouns.append((text, found))
    assert len(wrong_verbs) <= 0.02 * len(CASES), wrong_verbs
    assert len(wrong_verbs) + len(wrong_nouns) <= 0.05 * len(CASES), wrong_nouns


@pytest.mark.parametrize(
    "text", ["", " \n", "\u00a0", "?" * 50, "🙂", "{}[]", "a" * 5000, "write", "Write\n\n", "the of and"]
)
def test_odd_texts_have_no_object(text: str) -> None:
    assert verb_noun(text).noun is None
    assert verb_noun(text).verb in {None, "write"}


def test_case_and_politeness_do_not_matter() -> None:
    for text, verb, _ in CASES:
        if verb != "-" and not text.startswith(("I ", "We ", "Hi", "Let", "You", "Task")):
            assert verb_noun(text.upper()) == verb_noun(text)
            assert verb_noun("Please " + text) == verb_noun(text)


def test_only_the_beginning_is_read() -> None:
    filler = "Nothing here asks for anything " * 40
    assert verb_noun(filler + ". Write a poem.") == VerbNoun(None, None)


def test_singular() -> None:
    pairs = "stories story, boxes box, churches church, glasses glass, children child, lists list, menus menu, ties tie"
    for many, one in (pair.split(" ") for pair in pairs.split(", ")):
        assert singular(many) == one
    for same in ("class", "analysis", "bus", "news", "series", "gas"):
        assert singular(same) == same
