"""What refusals, disclaimers, leaked templates and other damage look like."""

from __future__ import annotations

REFUSALS = {
    "en": [
        "I'm sorry, but I can't help with that.",
        "I am sorry, I cannot assist with this request.",
        "Sorry, I'm not able to do that. Is there something else I can help you with?",
        "I apologize, but I cannot fulfill this request.",
        "Unfortunately, I am unable to provide an answer to this question.",
        "I cannot answer that, as it may be inappropriate.",
        "I'm afraid I can't comply with that request. Please ask me something different.",
        "I must decline to answer this, since it could violate my guidelines.",
        "As a responsible assistant, I cannot provide this information.",
        "I won't be able to help you with this. Please consult a qualified professional.",
        "It is not appropriate for me to respond to this prompt.",
        "I don't have access to the information needed, so I can't answer your question.",
        "Sorry, but I can't create that kind of content.",
    ],
    "de": [
        "Es tut mir leid, aber dabei kann ich leider nicht helfen.",
        "Leider kann ich diese Anfrage nicht beantworten.",
    ],
    "fr": [
        "Je suis désolé, mais je ne peux pas vous aider avec cette demande.",
        "Malheureusement, je ne suis pas en mesure de répondre à cette question.",
    ],
    "es": [
        "Lo siento, pero no puedo ayudarte con esa solicitud.",
        "Lamentablemente, no puedo responder a esta pregunta.",
    ],
    "pt": [
        "Sinto muito, mas não posso ajudar com esse pedido.",
        "Infelizmente, não consigo responder a essa pergunta.",
    ],
}
DISCLAIMERS = [
    ("start", "As an AI language model, I don't have personal opinions or feelings, but here is what I can say. "),
    ("start", "As an artificial intelligence, I cannot experience this myself. That said: "),
    ("start", "As a language model, I do not have access to real-time data. In general, though: "),
    ("start", "I'm just an AI, so please double-check this. "),
    ("start", "Being an AI assistant, I have no body and no memories, however: "),
    ("middle", "As an AI, I can't verify this, but to continue: "),
    ("middle", "Please note that I am an AI language model and can make mistakes. "),
    ("end", " Keep in mind that as an AI language model I cannot give professional advice."),
    ("end", " Please remember that I am only an AI and my knowledge cutoff is September 2021."),
    ("end", " As an AI, I don't have the ability to check this further."),
]
PROVIDERS = [
    ("start", "I am ChatGPT, a large language model trained by OpenAI. "),
    ("start", "Hello! I'm Claude, an AI assistant made by Anthropic. "),
    ("start", "My name is Bard, and I was created by Google. "),
    ("start", "I'm Assistant, a large language model trained by OpenAI. "),
    ("start", "As ChatGPT, I was developed by OpenAI to answer such questions. "),
    ("start", "I'm LLaMA, a language model developed by Meta AI. "),
    ("end", " I hope that helps! I am a language model trained by OpenAI."),
    ("end", " (I was created by OpenAI, so I have no opinion of my own on this.)"),
    ("end", " By the way, I am Gemini, a large language model built by Google."),
    ("end", " I'm an AI assistant developed by Mistral AI, always glad to help."),
]
PLACEHOLDERS = [
    "[insert answer here]",
    "[Your answer here]",
    "TODO: write the answer",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.",
    "<your response>",
    "N/A",
    "{{response}}",
    "[placeholder]",
    "Answer to be added later. XXX",
    "Dear [Name],\n\n[insert text]\n\nBest regards,\n[Your Name]",
]
TOKENS = [
    "{}<|im_end|>\n<|im_start|>user\nThanks!",
    "{}<|endoftext|>",
    "[/INST] {} </s>",
    "### Response:\n{}\n\n### Instruction:",
    "<|assistant|>\n{}<|end|>",
    "{}<|eot_id|><|start_header_id|>user<|end_header_id|>",
    "<start_of_turn>model\n{}<end_of_turn>",
    "{} </s><s>[INST]",
]
MARKUP = [
    ("", "<br/>", "<br/>"),
    ("", "</p><p>", "</p>"),
    ("", "&nbsp;<b>", "</b>&nbsp;"),
    ("<p>", "</p><p>", "</p>"),
    ('<div class="answer"><span style="color:#333">', "<br/>", "</span></div>"),
    ("<p><strong>Answer:</strong>&nbsp;", "<br><br>", "</p>"),
    ("&nbsp;&nbsp;", "<br />\n", '&nbsp;<a href="#top">Back</a>'),
    ("<ul><li>", "</li><li>", "</li></ul>"),
    ('<td valign="top">', "&nbsp;&amp;&nbsp;", "</td></tr>"),
]
LOOPS = ["and so on and so on ", "very ", "I think that is it. ", "the the ", "Step: repeat the step. ", "yes, yes, "]
POLITE_STARTS = ["Please help: ", "Hello! ", "Quick one: ", "Dear assistant, ", "Hi, "]
POLITE_ENDS = [" Thanks!", " Thank you.", " Please be brief.", " Cheers!", " Keep it short."]
