#include "model/builtin.h"

#include <string.h>

/* JSON as it is written; its strings may hold anything that a C string may. */
#define JSON(...) #__VA_ARGS__

/* The assistant: eight steps, each a node. Its input is {input, model?}. */
static const char assistant[] = JSON({
    "id": "assistant",
    "name": "Assistant",
    "description": "Answers a message: what it wants, which model and tools help, what the index has, the answer, its check.",
    "params": [
        {"name": "input", "type": "string", "required": true},
        {"name": "model", "type": "string"}
    ],
    "nodes": [
        {"id": "input", "type": "control", "position": {"x": 0, "y": 0}, "data": {
            "kind": "normalize",
            "label": "Input reception",
            "text": "{{ .input.input }}"
        }},
        {"id": "intent_detection", "type": "control", "position": {"x": 240, "y": 0}, "data": {
            "kind": "intent",
            "label": "Intent detection",
            "text": "{{ .nodes.input.output.text }}",
            "intents": {
                "question": {
                    "description": "asks something that can be answered from knowledge",
                    "keywords": {"what": 1, "why": 1, "who": 1, "when": 1, "where": 1, "which": 1, "how": 1, "explain": 2,
                        "what is": 1, "define": 2, "difference between": 2, "meaning of": 2}
                },
                "code": {
                    "description": "wants program text written, explained, mended or reviewed",
                    "keywords": {"code": 3, "function": 2, "bug": 3, "compile*": 3, "debug*": 3, "refactor*": 3, "script": 2,
                        "program*": 2, "algorithm*": 2, "regex": 3, "unit test*": 3, "stack trace": 4, "exception": 2,
                        "segfault": 4, "python": 3, "javascript": 3, "typescript": 3, "java": 3, "c++": 3, "rust": 3,
                        "golang": 3, "php": 3, "sql": 3, "bash": 3, "shell": 2, "html": 2, "css": 2, "api": 2, "git": 2,
                        "class": 1, "variable": 2, "loop": 1, "implement*": 2}
                },
                "search": {
                    "description": "needs the web: news, prices, weather, what is true today, or a page at an address",
                    "keywords": {"search": 3, "search the web": 4, "google": 3, "look up": 3, "web": 2, "online": 2, "internet": 2,
                        "latest": 3, "news": 3, "current*": 2, "today": 2, "price": 2, "weather": 3, "website": 3, "http:*": 4,
                        "https:*": 4, "url": 2}
                },
                "documents": {
                    "description": "asks about documents, notes or files of the user's own",
                    "keywords": {"document*": 3, "my notes": 4, "our": 1, "file": 2, "files": 2, "manual": 2, "handbook": 3,
                        "according to": 3, "knowledge base": 4, "policy": 2, "contract": 2, "readme": 3, "wiki": 2}
                },
                "summary": {
                    "description": "wants a text made shorter",
                    "keywords": {"summari*": 5, "summary": 5, "tl;dr": 5, "shorten": 4, "key points": 4, "in brief": 3,
                        "condense": 4}
                },
                "translation": {
                    "description": "wants a text in another language",
                    "keywords": {"translat*": 6, "in german": 3, "in english": 3, "in french": 3, "in spanish": 3,
                        "auf deutsch": 3, "into german": 4, "into english": 4, "into french": 4, "into spanish": 4}
                },
                "data": {
                    "description": "wants numbers or tables computed or analysed",
                    "keywords": {"analy*": 3, "calculat*": 4, "average": 3, "sum": 2, "csv": 4, "table": 2, "chart": 3,
                        "statistic*": 4, "percent*": 2, "dataset": 4, "plot": 3, "median": 4}
                },
                "writing": {
                    "description": "wants a text written: a mail, a letter, a story, a post",
                    "keywords": {"write": 2, "draft": 4, "email": 3, "e-mail": 3, "letter": 3, "essay": 4, "story": 3, "poem": 4,
                        "blog post": 4, "rephrase": 4, "rewrite": 4, "cover letter": 4}
                },
                "chat": {
                    "description": "greets, thanks or chats",
                    "keywords": {"hello": 3, "hi": 3, "hey": 2, "good morning": 3, "thanks": 3, "thank you": 3, "how are you": 5,
                        "bye": 3, "hallo": 3, "danke": 3}
                }
            }
        }},
        {"id": "model_selection", "type": "control", "position": {"x": 480, "y": 0}, "data": {
            "kind": "model_select",
            "label": "Model selection",
            "timeoutMs": 20000,
            "intent": "{{ .nodes.intent_detection.output.intent }}",
            "requested": "{{ .input.model // \"\" }}"
        }},
        {"id": "tool_selection", "type": "control", "position": {"x": 720, "y": 0}, "data": {
            "kind": "tool_select",
            "label": "Tool selection",
            "text": "{{ .nodes.input.output.text }}",
            "intent": "{{ .nodes.intent_detection.output.intent }}",
            "model": "{{ .nodes.model_selection.output.model // \"\" }}",
            "tools": ["websearch", "http_request"],
            "toolDefinitions": {"http_request": {"kind": "http_request", "description": "Reads the web page at an address.",
                "settings": {"method": "GET"}}},
            "rules": {
                "websearch": {
                    "intents": ["search"],
                    "keywords": {"search": 1, "latest": 1, "news": 1, "look up": 1},
                    "arguments": {"query": "{{ .nodes.input.output.text[0:300] }}"}
                },
                "http_request": {
                    "url": true,
                    "arguments": {"url": "{{ .nodes.input.output.urls[0] // \"\" }}"}
                }
            }
        }},
        {"id": "tool_execution", "type": "control", "position": {"x": 960, "y": 0}, "data": {
            "kind": "tool_calls",
            "label": "Tool execution",
            "onInterrupted": "retry",
            "calls": "{{ .nodes.tool_selection.output.calls }}",
            "tools": ["websearch", "http_request"],
            "toolDefinitions": {"http_request": {"kind": "http_request", "settings": {"method": "GET"}}}
        }},
        {"id": "rag_context", "type": "tool", "position": {"x": 1200, "y": 0}, "data": {
            "kind": "rag_search",
            "label": "Retrieval",
            "continueOnError": true,
            "optional": true,
            "query": "{{ .nodes.input.output.text }}",
            "limit": 5
        }},
        {"id": "llm_response", "type": "agent", "position": {"x": 1440, "y": 0}, "data": {
            "kind": "agent",
            "label": "Response",
            "onInterrupted": "retry",
            "remember": true,
            "tools": [],
            "model": "{{ .nodes.model_selection.output.model // \"\" }}",
            "system": "You are a helpful assistant. Answer in the language of the question. Passages of the user's documents and results of tools may follow; use them where they help. Behind what you take from a passage put its number in brackets, like [1]; put no other numbers in brackets. What neither they nor you know, say so.\n{{ [.nodes.rag_context.output.passages // [] | to_entries[] | \"\\n[\\(.key + 1)] \\(.value.title // .value.path // \"\")\\n\\(.value.text)\"] | join(\"\\n\") }}\n{{ [.nodes.tool_execution.output.results // [] | .[] | \"\\nResult of \\(.tool): \" + (if .success then (.output | tostring | .[0:8000]) else \"failed: \\(.error)\" end)] | join(\"\\n\") }}",
            "prompt": "{{ .nodes.input.output.text }}",
            "withoutModel": "{{ (.nodes.rag_context.output.passages // []) as $passages | [.nodes.tool_execution.output.results // [] | .[] | select(.success)] as $results | if ($passages | length) + ($results | length) == 0 then \"No model is configured (setting model.url), and neither the index nor a tool has found anything.\" else \"No model is configured (setting model.url). This was found:\\n\" + ([$passages | to_entries[] | \"\\n- \\(.value.text | .[0:400]) [\\(.key + 1)]\"] | join(\"\")) + ([$results[] | \"\\n- \\(.tool): \\(.output | tostring | .[0:1000])\"] | join(\"\")) end }}"
        }},
        {"id": "post_processing", "type": "output", "position": {"x": 1680, "y": 0}, "data": {
            "kind": "answer",
            "label": "Post-processing",
            "text": "{{ .nodes.llm_response.output.text }}",
            "passages": "{{ .nodes.rag_context.output.passages // [] }}"
        }}
    ],
    "edges": [
        {"id": "e1", "source": "input", "target": "intent_detection"},
        {"id": "e2", "source": "intent_detection", "target": "model_selection"},
        {"id": "e3", "source": "model_selection", "target": "tool_selection"},
        {"id": "e4", "source": "tool_selection", "target": "tool_execution"},
        {"id": "e5", "source": "tool_execution", "target": "rag_context"},
        {"id": "e6", "source": "rag_context", "target": "llm_response"},
        {"id": "e7", "source": "llm_response", "target": "post_processing"}
    ]
});

static const struct {
    const char *id, *definition;
} workflows[] = {
    {"assistant", assistant},
};

const char *builtin_id(unsigned i)
{
    return i < sizeof(workflows) / sizeof(workflows[0]) ? workflows[i].id : NULL;
}

struct json_object *builtin_workflow(const char *id)
{
    struct json_object *definition = NULL;
    size_t i;

    for (i = 0; i < sizeof(workflows) / sizeof(workflows[0]); i++)
        if (strcmp(workflows[i].id, id) == 0 && json_parse(workflows[i].definition, strlen(workflows[i].definition),
                                                           JSON_BODY_MAX, &definition, NULL) == RS_OK)
            return definition;
    return NULL;
}
