use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

fn render(template: &str, context: Value) -> Result<String, TemplateError> {
    Templates::new().render(template, &context)
}

fn rendered(template: &str, context: Value) -> String {
    render(template, context).unwrap_or_else(|error| panic!("{template}: {error}"))
}

fn words(template: &str, context: Value) -> String {
    render(template, context).expect_err(template).to_string()
}

#[test]
fn the_built_in_template_prints_who_where_and_what() {
    let agent = |about: &str, instructions: Value| json!({"name": "Ada", "about": about, "instructions": instructions});
    let session = |situation: Value| json!({"situation": situation});
    for (context, text) in [
        (
            json!({
                "agent": agent("a poet", json!(["Be kind.", "Be brief."])), "session": session(json!("At work")),
                "user": null, "docs": [],
            }),
            "You are Ada. About you: a poet. \nSituation: At work\n\nInstructions:\n- Be kind.\n- Be brief.\n\n",
        ),
        (
            json!({"agent": agent("", json!([])), "session": session(Value::Null), "user": null, "docs": []}),
            "You are Ada. \n\n\n",
        ),
        (
            json!({
                "agent": agent("", json!([])), "session": session(Value::Null), "docs": [],
                "user": {"name": "Bob", "about": "likes tea"},
            }),
            "You are Ada. You are talking to a user  and their name is Bob. About the user: likes tea.\n\n\n",
        ),
        (
            json!({
                "agent": agent("", json!("Be kind.")), "session": session(Value::Null), "user": null,
                "docs": [{"title": "Tea", "content": ["Boil.", "Wait."]}, {"title": "Cup", "content": "Hold."}],
            }),
            "You are Ada. \n\nInstructions:\nBe kind.\n\nRelevant documents:\nTea\nBoil.\nWait.\n---\nCup\nHold.\n---\n",
        ),
    ] {
        assert_eq!(rendered(SYSTEM_TEMPLATE, context), text);
    }
}

#[test]
fn a_text_without_tags_is_given_back_as_it_is() {
    for text in ["", "plain\n", "{ a } % # \r\n\n", &"long ".repeat(100_000)] {
        assert_eq!(rendered(text, json!({})), *text);
    }
}

#[test]
fn a_block_takes_its_own_line_away_and_nothing_is_escaped() {
    assert_eq!(rendered("a\n  {% if true %}\nb\n  {% endif %}\nc\n", json!({})), "a\nb\nc");
    assert_eq!(rendered("{{ x }}", json!({"x": "<b> & \"c\""})), "<b> & \"c\"");
}

#[test]
fn a_name_that_is_not_there_is_empty_and_its_attribute_is_an_error() {
    let context = || json!({"user": null, "agent": {"name": "Ada"}});
    assert_eq!(rendered("[{{ nobody }}{{ user.name }}{{ agent.shoe }}]", context()), "[]");
    assert_eq!(rendered("{% for x in nobody %}x{% endfor %}{% if nobody %}y{% endif %}", context()), "");
    assert_eq!(
        words("a\nb {{ nobody.name }}", context()),
        "Template undefined variable on line 2: `nobody` is undefined"
    );
    assert_eq!(
        words("{{ user.name.first }}", context()),
        "Template undefined variable on line 1: `user.name` is undefined"
    );
}

#[test]
fn an_unknown_function_method_filter_or_test_is_an_error() {
    for (template, message) in [
        ("{{ frobnicate(1) }}", "frobnicate is unknown"),
        ("{{ 'a'.frobnicate() }}", "string has no method named frobnicate"),
        ("{{ 'a'|frobnicate }}", "filter frobnicate is unknown"),
        ("{{ 'a' is frobnicated }}", "test frobnicated is unknown"),
        ("{{ debug() }}", "debug is unknown"),
    ] {
        assert_eq!(words(template, json!({})), format!("Template undefined variable on line 1: {message}"));
    }
}

#[test]
fn a_syntax_error_says_where() {
    for template in ["a\n\n{% if %}", "a\n\n{{", "\n\n{% frobnicate %}", "\n\n{{ 'a }}", "\n\n{% endif %}"] {
        let words = words(template, json!({}));
        assert!(words.starts_with("Template syntax error on line 3: "), "{template}: {words}");
    }
}

#[test]
fn an_operation_that_cannot_be_done_is_an_error() {
    for template in ["{{ 1 + 'a' }}", "{{ 1 / 0 }}", "{{ int('x') }}", "{{ json.loads('{') }}", "{{ max([]) }}"] {
        let words = words(template, json!({}));
        assert!(words.starts_with("Template error on line 1: "), "{template}: {words}");
    }
}

#[test]
fn values_are_printed_as_python_prints_them() {
    let context = json!({"a": [1, "a", null, true, 1.0], "b": {"z": 1, "a": null}});
    assert_eq!(
        rendered("{{ a }} {{ b }} {{ null }} {{ true }}", context),
        "[1, 'a', None, True, 1.0] {'z': 1, 'a': None} None True"
    );
}

#[test]
fn the_usual_functions_are_there() {
    for (expression, text) in [
        ("abs(-3)", "3"),
        ("all([1, 2])", "True"),
        ("all([1, 0])", "False"),
        ("any([0, 1])", "True"),
        ("any([])", "False"),
        ("bool('')", "False"),
        ("dict(a=1)", "{'a': 1}"),
        ("enumerate(['a', 'b'])", "[(0, 'a'), (1, 'b')]"),
        ("enumerate(['a'], start=1)", "[(1, 'a')]"),
        ("float('1.5')", "1.5"),
        ("int('12')", "12"),
        ("int(-1.9)", "-1"),
        ("int('ff', 16)", "255"),
        ("len('äb')", "2"),
        ("len({'a': 1})", "1"),
        ("list('ab')", "['a', 'b']"),
        ("map(str, [1, 2])", "['1', '2']"),
        ("max(1, 3, 2)", "3"),
        ("max([], default=7)", "7"),
        ("min([3, 1])", "1"),
        ("round(2.5)", "2"),
        ("round(2.675, 2)", "2.67"),
        ("round(1234, -2)", "1200"),
        ("set([1, 2, 1])", "[1, 2]"),
        ("sorted([2, 1])", "[1, 2]"),
        ("sorted([1, 2], reverse=true)", "[2, 1]"),
        ("str(1.0)", "1.0"),
        ("str(none)", "None"),
        ("sum([1, 2])", "3"),
        ("sum([1, 2], 10)", "13"),
        ("tuple([1])", "(1,)"),
        ("list(range(3))", "[0, 1, 2]"),
        ("range(1, 6, 2)", "[1, 3, 5]"),
        ("reversed([1, 2])", "[2, 1]"),
        ("zip([1, 2], 'ab')", "[(1, 'a'), (2, 'b')]"),
        ("'a' ~ NEWLINE ~ 'b'", "a\nb"),
    ] {
        assert_eq!(rendered(&format!("{{{{ {expression} }}}}"), json!({})), text, "{expression}");
    }
}

#[test]
fn json_is_written_and_read_as_python_does() {
    let context = || json!({"x": {"b": [1, "ü🦀", null], "a": {}}});
    for (expression, text) in [
        ("json.dumps(x)", r#"{"b": [1, "\u00fc\ud83e\udd80", null], "a": {}}"#),
        ("dump_json(x, ensure_ascii=false)", r#"{"b": [1, "ü🦀", null], "a": {}}"#),
        ("json.dumps(x, sort_keys=true)", r#"{"a": {}, "b": [1, "\u00fc\ud83e\udd80", null]}"#),
        ("json.dumps([1, []], indent=2)", "[\n  1,\n  []\n]"),
        ("json.loads('[1, {\"a\": null}]')[1]", "{'a': None}"),
        ("load_json('5') + 1", "6"),
        ("x.b|tojson", r#"[1, "ü🦀", null]"#),
    ] {
        assert_eq!(rendered(&format!("{{{{ {expression} }}}}"), context()), text, "{expression}");
    }
}

#[test]
fn strings_lists_and_dictionaries_have_their_methods() {
    for (expression, text) in [
        ("'a b'.title()", "A B"),
        ("'a,b'.split(',')", "['a', 'b']"),
        ("'a b  c'.rsplit(none, 1)", "['a b', 'c']"),
        ("'a-b-c'.rsplit('-', 1)", "['a-b', 'c']"),
        ("', '.join(['a', 'b'])", "a, b"),
        ("' a '.strip()", "a"),
        ("'aXb'.replace('X', '-')", "a-b"),
        ("'abc'.startswith('ab')", "True"),
        ("'{} and {:>4} and {n}'.format(1, 'b', n='c')", "1 and    b and c"),
        ("'7'.zfill(3)", "007"),
        ("'-7'.zfill(3)", "-07"),
        ("'a'.center(4, '*')", "*a**"),
        ("'a'.ljust(3) ~ '|'", "a  |"),
        ("'a'.rjust(3)", "  a"),
        ("'a=b=c'.partition('=')", "('a', '=', 'b=c')"),
        ("'a=b=c'.rpartition('=')", "('a=b', '=', 'c')"),
        ("'unhappy'.removeprefix('un').removesuffix('y')", "happ"),
        ("'aB'.swapcase()", "Ab"),
        ("'äbc'.index('c')", "2"),
        ("[1, 2, 1].count(1)", "2"),
        ("[1, 2].index(2)", "1"),
        ("{'b': 1, 'a': 2}.items()|list", "[('b', 1), ('a', 2)]"),
        ("{'b': 1}.keys()|list", "['b']"),
        ("{'b': 1}.get('x', 5)", "5"),
        ("{'b': 1}.copy()", "{'b': 1}"),
    ] {
        assert_eq!(rendered(&format!("{{{{ {expression} }}}}"), json!({})), text, "{expression}");
    }
}

#[test]
fn loops_macros_and_namespaces_work_as_usual() {
    for (template, text) in [
        ("{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }} {% else %}-{% endfor %}", "1/2 2/2 "),
        ("{% for x in [1, 2, 3] if x != 2 %}{{ x }}{{ '' if loop.last else ',' }}{% endfor %}", "1,3"),
        (
            "{% for x in [1, 2] %}{% set outer = loop %}{% for y in 'ab' %}{{ outer.index }}{{ y }}{% endfor %}{% endfor %}",
            "1a1b2a2b",
        ),
        ("{% for x in [1, 1, 2] %}{{ loop.changed(x) }} {% endfor %}", "True False True "),
        ("{% for x in [1, 2] %}{{ loop.cycle('a', 'b') }}{% endfor %}", "ab"),
        ("{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "3"),
        (
            "{% macro twice(x, y='!') %}{{ x }}{{ x }}{{ y }}{% endmacro %}{{ twice('a') }}{{ twice('b', y='?') }}",
            "aa!bb?",
        ),
        ("{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}x{% endcall %}", "[x]"),
        ("{% for x in [[1, [2]], 3] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "123"),
        ("{% filter upper %}a{% endfilter %}{% set x %}b{% endset %}{{ x }}", "Ab"),
        ("{% with a = 1 %}{{ a }}{% endwith %}{{ a }}", "1"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{{ [3, 1]|sort|map('string')|join('-') }}", "1-3"),
        ("{{ {'a': [1, 2]}['a'][-1] }}{{ 'abc'[1:] }}", "2bc"),
        ("{% for x in range(5) %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}", "012"),
        ("{% raw %}{{ x }}{% endraw %}{# gone #}", "{{ x }}"),
        ("{{ 1 < 2 < 3 }}{{ 1 in [1] }}{{ 'a' if none else 'b' }}", "TrueTrueb"),
    ] {
        assert_eq!(rendered(template, json!({})), text, "{template}");
    }
}

/// What a hostile template may be made of. Each must end with an error, soon; what they attack is named first.
fn hostile() -> Vec<(&'static str, String)> {
    let grow = |start: &str, step: &str, times: usize, end: &str| {
        format!(
            "{{% set ns = namespace(x={start}, y={start}) %}}{{% for i in range({times}) %}}{step}{{% endfor %}}{end}"
        )
    };
    let deep = "{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}";
    let wide = "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}";
    let mut all: Vec<(&str, String)> = [
        ("stack, when it is dropped", deep, 100_000, "done"),
        ("stack, when it is printed", deep, 20_000, "{{ ns.x }}"),
        ("stack, when it is compared", deep, 20_000, "{{ ns.x == ns.y }}"),
        ("stack, as JSON", deep, 20_000, "{{ ns.x|tojson }}"),
        ("time, when it is printed", wide, 40, "{{ ns.x }}"),
        ("time, when it is compared", wide, 40, "{{ ns.x == ns.y }}"),
        ("time, in a list", wide, 40, "{{ ns.x in [ns.y] }}"),
        ("time, when it is counted", wide, 40, "{{ [ns.x].count(ns.y) }}"),
        ("time, when it is sorted", wide, 40, "{{ [ns.x, ns.y]|sort }}"),
        ("time, when it is text", wide, 40, "{{ (ns.x|string)|length }}"),
        ("time, when it is joined", wide, 40, "{{ (ns.x ~ '')|length }}"),
        ("time, as a key", wide, 40, "{{ {ns.x: 1}|length }}"),
        ("time, as JSON", wide, 40, "{{ (json.dumps(ns.x))|length }}"),
        ("stack, by slices", "{% set ns.x = ns.x[0:1] %}", 100_000, "{{ ns.x|list }}"),
        ("stack, by repeating", "{% set ns.x = ns.x * 1 %}", 100_000, "{{ ns.x|list }}"),
        ("memory, by doubling", "{% set ns.x = ns.x + ns.x %}", 60, "{{ ns.x|list }}"),
        ("stack, by dictionaries", "{% set ns.x = {'a': ns.x} %}", 100_000, "{{ ns.x }}"),
        ("stack, by tuples", "{% set ns.x = (ns.x,) %}", 100_000, "{{ ns.x }}"),
    ]
    .map(|(name, step, times, end)| (name, grow("[1]", step, times, end)))
    .into();
    let text = "{% set s = 'aaaaaaaaaa' * 10000 %}";
    all.extend(
        [
            ("itself", "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}".to_owned()),
            ("itself in a list", "{% set ns = namespace() %}{% set ns.x = [[ns]] %}{{ ns }}".to_owned()),
            ("itself in a map", "{% set ns = namespace() %}{% set ns.x = {'a': {'b': ns}} %}{{ ns }}".to_owned()),
            ("itself in a new one", "{% set a = namespace() %}{% set b = namespace(x=a) %}{{ b }}".to_owned()),
            ("a loop that keeps itself", "{% for x in [1] %}{{ loop.changed(loop) }}{% endfor %}".to_owned()),
            ("a loop in a namespace", "{% set ns = namespace() %}{% for x in [ns] %}{% set ns.x = loop %}{% endfor %}".to_owned()),
            ("straight doubling", format!("{{% set x = [1] %}}{}{{{{ x }}}}", "{% set x = [x, x] %}".repeat(60))),
            ("memory, by join", format!("{text}{{{{ ''.join([s] * 1000000)|length }}}}")),
            ("memory, by join of a filter", format!("{text}{{{{ ([s] * 1000000)|join|length }}}}")),
            ("memory, by replace", format!("{text}{{{{ s.replace('a', s)|length }}}}")),
            ("memory, by another replace", format!("{text}{{{{ s|replace('a', s)|length }}}}")),
            ("memory, by a width", "{{ '{:>1000000000}'.format('x')|length }}".to_owned()),
            ("memory, by a width that is given", "{{ '{:>{w}}'.format('x', w=1000000000)|length }}".to_owned()),
            ("memory, by a precision", "{{ '{:.1000000000f}'.format(1.5)|length }}".to_owned()),
            ("memory, by another width", "{{ '%1000000000s'|format('x')|length }}".to_owned()),
            ("memory, by another precision", "{{ '%.1000000000f'|format(1.5)|length }}".to_owned()),
            ("memory, by padding", "{{ 'x'.ljust(1000000000)|length }}".to_owned()),
            ("memory, by indents", "{{ 'a\nb'|indent(1000000000)|length }}".to_owned()),
            ("memory, by indents of JSON", "{{ [1]|tojson(indent=1000000000) }}".to_owned()),
            ("memory, by indents of JSON by name", "{{ json.dumps([1], indent=1000000000) }}".to_owned()),
            ("memory, by a text", "{{ ('a' * 100000000)|length }}".to_owned()),
            ("memory, by a list", "{{ ([1] * 100000000)|list|length }}".to_owned()),
            ("time, of constants", "{{ [1] * 100000000 == [1] * 100000000 }}".to_owned()),
            ("time, of nested constants", "{{ [[1] * 100000000] * 100000000 == [[1] * 100000000] * 100000000 }}".to_owned()),
            ("time, of a loop", "{% for x in [1] * 100000000 %}{% endfor %}".to_owned()),
            ("time, of loops", "{% for x in range(100000) %}{% for y in range(100000) %}{% endfor %}{% endfor %}".to_owned()),
            ("time, of macros", "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}".to_owned()),
            ("time, of a recursive loop", "{% for x in [1, 1] recursive %}{{ loop([1, 1]) }}{% endfor %}".to_owned()),
            ("time, of a batch", "{{ [1]|batch(100000000, 'x')|length }}".to_owned()),
            ("time, of a slice", "{{ [1]|slice(100000000, 'x')|list|length }}".to_owned()),
            ("time, of comparing", format!("{text}{{% set a = [s] * 40 %}}{{% set b = [s] * 40 %}}{{% for i in range(100000) %}}{{% if a == b %}}{{% endif %}}{{% endfor %}}")),
            ("time, of counting", "{% set a = range(50000) %}{% for i in range(100000) %}{{ a.count(7) }}{% endfor %}".to_owned()),
            ("time, of finding", format!("{text}{{% for i in range(100000) %}}{{{{ s.count('aaaaaaab') }}}}{{% endfor %}}")),
            ("output", "{% for i in range(100000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}".to_owned()),
            ("output of captures", "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}".to_owned()),
            ("a division in the engine", "{% for x in [1] %}{{ loop.cycle() }}{% endfor %}".to_owned()),
            ("the parser, by brackets", format!("{{{{ {}1{} }}}}", "[".repeat(50_000), "]".repeat(50_000))),
            ("the parser, by parentheses", format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000))),
            ("the parser, by not", format!("{{{{ {}1 }}}}", "not ".repeat(50_000))),
            ("the parser, by minus", format!("{{{{ {}1 }}}}", "-".repeat(100_000))),
            ("the parser, by powers", format!("{{{{ 1{} }}}}", "**1".repeat(50_000))),
            ("the compiler, by sums", format!("{{{{ x{} }}}}", "+x".repeat(50_000))),
            ("the compiler, by attributes", format!("{{{{ x{} }}}}", ".x".repeat(50_000))),
            ("the compiler, by filters", format!("{{{{ x{} }}}}", "|e".repeat(50_000))),
            ("the compiler, by calls", format!("{{{{ x{} }}}}", "()".repeat(50_000))),
            ("the compiler, by items", format!("{{{{ x{} }}}}", "[0]".repeat(50_000))),
            ("the compiler, by conditions", format!("{{{{ 1{} }}}}", " if 1".repeat(50_000))),
            ("the compiler, by tests", format!("{{{{ 1{} }}}}", " is odd".repeat(30_000))),
            ("the compiler, by sums in lists", {
                let (mut open, mut close) = (String::new(), String::new());
                for _ in 0..140 {
                    open.push('[');
                    close.push_str(&format!("{}, 0]", "+x".repeat(50)));
                }
                format!("{{{{ {open}x{close} }}}}")
            }),
            ("the compiler, by branches", format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(20_000))),
            ("the parser, by blocks", format!("{}{}", "{% if a %}".repeat(12_000), "{% endif %}".repeat(11_000))),
            ("size", format!("{{{{ x }}}}{}", "a".repeat(TEMPLATE_LIMIT))),
        ],
    );
    all
}

#[test]
fn a_hostile_template_ends_with_an_error_soon() {
    let templates = Templates::new();
    for (name, template) in hostile() {
        let began = Instant::now();
        let ended = templates.render(&template, &json!({}));
        let took = began.elapsed();
        assert!(ended.is_err(), "{name}: {:?}", ended.map(|text| text.len()));
        // Tests are not optimised and share their machine; each takes a tenth of it in a release.
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    }
}

#[test]
fn the_deepest_templates_that_are_taken_fit_a_small_stack() {
    let brackets = format!("{{{{ {}1{} }}}}", "[".repeat(30), "]".repeat(30));
    let chain = format!("{{{{ x{} }}}}", "~x".repeat(100));
    let branches = format!("{{% if a %}}{}{{% else %}}{brackets}{chain}{{% endif %}}", "{% elif a %}".repeat(29));
    let blocks = format!("{}{branches}{}", "{% for i in [1] %}".repeat(30), "{% endfor %}".repeat(30));
    let macros = "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(10) }}".to_owned();
    // Threads of the server have 2 MiB.
    let own = std::thread::Builder::new().stack_size(1024 * 1024).spawn(move || {
        for template in [blocks, macros] {
            rendered(&template, json!({"x": "a"}));
        }
    });
    own.expect("a thread").join().expect("no overflow");
}

#[test]
fn what_is_large_and_honest_is_rendered() {
    let doc = json!({"title": "Tea", "content": ["x".repeat(30_000)]});
    let context = json!({"agent": {"name": "Ada"}, "session": {}, "docs": vec![doc; 50], "tools": vec![json!({"name": "f"}); 100]});
    assert!(rendered(SYSTEM_TEMPLATE, context.clone()).len() > 1_500_000);
    assert!(rendered("{{ tools|tojson }}{% for t in tools %}{{ t.name }}{% endfor %}", context.clone()).len() > 1000);
    assert_eq!(
        rendered("{% for d in docs %}{% if docs|length > 1 %}{{ loop.index }}{% endif %}{% endfor %}", context).len(),
        91
    );
}
