//! The shape of an [`Inspection`](super::Inspection) as a JSON Schema, so that others can check what they read.
//!
//! Every field is always there; what is not known or does not apply is `null`. A test holds this against the types.

use serde_json::{Value, json};

use super::shape::{answer, flag, list, number, object, or_null, pairs, text, texts, word};

/// The JSON Schema of what `plimsoll inspect --json` prints for each file.
pub fn json_schema() -> Value {
    let mut schema = object("What `plimsoll inspect --json` says of one file.", top());
    let fields = schema.as_object_mut().expect("it was made as an object");
    fields.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    fields.insert("title".to_owned(), json!("plimsoll inspection"));
    schema
}

fn top() -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("schema_version", number("The version of this shape: fields are added, never renamed.")),
        ("path", text("The file, as it was named.")),
        (
            "format",
            word("What kind of file it is.", &["elf", "mach-o", "pe", "script", "systemd-unit", "unknown"]),
        ),
        (
            "problem",
            or_null(object(
                "Why there are no facts.",
                vec![("what", text("What is wrong.")), ("advice", text("What to do about it."))],
            )),
        ),
        ("size", number("Its size in bytes.")),
        (
            "purpose",
            or_null(word(
                "What it is to be used for.",
                &["program", "library", "object", "core-dump", "other"],
            )),
        ),
        (
            "platform",
            or_null(object(
                "The system and processor that it is for, in Go's words.",
                vec![("os", text("`linux`, `darwin`, `windows`.")), ("arch", text("`amd64`, `arm64`."))],
            )),
        ),
        (
            "machine",
            or_null(object(
                "Processor, width and byte order.",
                vec![
                    ("name", text("The processor in Go's words; its number where it has no name here.")),
                    ("bits", number("Width of addresses.")),
                    ("byte_order", word("Order of the bytes of a number.", &["little", "big"])),
                ],
            )),
        ),
    ];
    fields.extend(linking());
    fields.extend(requirements());
    fields.extend(contents());
    fields
}

fn linking() -> Vec<(&'static str, Value)> {
    vec![
        ("linkage", or_null(word("How it is linked.", &["static", "static-pie", "dynamic"]))),
        ("linkage_reason", or_null(text("What shows it, one sentence."))),
        (
            "interpreter",
            or_null(text("What starts it: the loader of a dynamic program, the interpreter of a script.")),
        ),
        ("interpreter_present", or_null(answer("Whether the interpreter is in the root that was searched."))),
        ("root", or_null(text("The root folder that libraries were searched in; null where none were."))),
        ("needed", texts("The libraries that the file itself names, in order.")),
        (
            "libraries",
            list(
                "All libraries, those of libraries too, in the order of loading.",
                vec![
                    ("name", text("Its name, as it is asked for.")),
                    (
                        "path",
                        or_null(text(
                            "Its file in the root; null where there is none, or none was searched.",
                        )),
                    ),
                    (
                        "found_by",
                        or_null(word(
                            "The rule that led there.",
                            &[
                                "interpreter",
                                "path",
                                "rpath",
                                "runpath",
                                "cache",
                                "configuration",
                                "default-folder",
                            ],
                        )),
                    ),
                    (
                        "needed_by",
                        or_null(text("The library that asks for it first; null for the file itself.")),
                    ),
                    ("problem", or_null(text("Why the file cannot be used though it is there."))),
                    (
                        "missing_versions",
                        list(
                            "Symbol versions that it does not define.",
                            vec![
                                ("version", text("Its name.")),
                                (
                                    "needed_by",
                                    or_null(text("The library that needs it; null for the file itself.")),
                                ),
                            ],
                        ),
                    ),
                ],
            ),
        ),
        ("soname", or_null(text("The name that a library gives itself."))),
        ("rpath", texts("Folders to search for libraries before all others.")),
        ("runpath", texts("Folders to search for its own needs.")),
        (
            "required_versions",
            list(
                "Symbol versions that it needs, by library.",
                vec![
                    ("library", text("The library.")),
                    (
                        "versions",
                        list(
                            "The versions.",
                            vec![
                                ("name", text("Its name.")),
                                ("weak", flag("Whether the program starts without it, too.")),
                            ],
                        ),
                    ),
                ],
            ),
        ),
        ("defined_versions", texts("Symbol versions that it defines.")),
    ]
}

fn requirements() -> Vec<(&'static str, Value)> {
    vec![
        ("c_library", or_null(word("Its C library.", &["glibc", "glibc-static", "musl", "none", "unknown"]))),
        (
            "loads_name_services",
            or_null(answer("Whether a glibc that is linked in loads the host's name services.")),
        ),
        (
            "minimum_glibc",
            or_null(text("The oldest glibc that has all that it needs; null where it needs none.")),
        ),
        (
            "minimum_versions",
            object(
                "The newest versions of other runtime libraries that it needs.",
                vec![
                    ("glibcxx", or_null(text("libstdc++."))),
                    ("cxxabi", or_null(text("libstdc++'s run-time support."))),
                    ("gcc", or_null(text("libgcc."))),
                    ("glibc_private", flag("Whether it needs private parts of one build of glibc.")),
                ],
            ),
        ),
        (
            "distributions",
            or_null(object(
                "Which distributions are new enough for a dynamic program.",
                vec![
                    ("oldest", texts("The oldest release of each.")),
                    ("none_of", texts("Those none of whose releases is.")),
                    ("source", text("Where the table comes from.")),
                ],
            )),
        ),
        ("minimum_kernel", or_null(text("The oldest kernel that its start-up code accepts."))),
        (
            "cpu_level",
            or_null(word(
                "The processor level that it says it needs.",
                &["x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4"],
            )),
        ),
        (
            "hardening",
            or_null(object(
                "How it is protected.",
                vec![
                    ("relro", verdict("Tables of addresses are read-only once it runs.")),
                    ("canary", verdict("Functions notice when their stack frame was overwritten.")),
                    ("nx", verdict("The stack cannot be executed.")),
                    ("pie", verdict("It runs at any address.")),
                    ("fortify", verdict("Functions of the C library check the sizes of their buffers.")),
                    ("cet", verdict("x86: IBT and SHSTK.")),
                    ("bti", verdict("arm64: BTI and PAC.")),
                    ("separate_code", verdict("No memory can be both written and executed.")),
                    ("no_text_relocations", verdict("The loader does not write into code.")),
                ],
            )),
        ),
    ]
}

fn contents() -> Vec<(&'static str, Value)> {
    vec![
        (
            "symbols",
            or_null(word(
                "Names and debug information.",
                &["debug-information", "names", "stripped", "unknown"],
            )),
        ),
        ("build_id", or_null(text("The linker's build id."))),
        (
            "build_paths",
            or_null(object(
                "Paths of the machine that built it.",
                vec![
                    ("found", answer("Whether there are any.")),
                    ("count", number("How many different ones were seen.")),
                    ("examples", texts("Some of them.")),
                ],
            )),
        ),
        ("packed", or_null(answer("Whether a packer (UPX) made it."))),
        ("is_go", or_null(answer("Whether Go made it."))),
        ("go", or_null(object("What it says of Go.", go()))),
        ("is_rust", or_null(answer("Whether code of Rust is in it; `unknown` where no mark is seen."))),
        (
            "rust",
            or_null(object(
                "What it says of Rust.",
                vec![
                    ("rustc", or_null(text("The compiler's version."))),
                    ("commit", or_null(text("The compiler's commit."))),
                    ("evidence", text("What shows that Rust is in it.")),
                    ("auditable", answer("Whether `cargo auditable` wrote down what it was built from.")),
                    (
                        "packages",
                        list(
                            "What it was built from, as `cargo auditable` wrote it.",
                            vec![
                                ("name", text("Its name.")),
                                ("version", text("Its version.")),
                                ("source", text("Where it is from.")),
                                ("build_only", flag("Whether it only took part in the build.")),
                                ("root", flag("Whether it is the program itself.")),
                            ],
                        ),
                    ),
                    ("crates_in_paths", texts("Crates that paths of sources name: some, never all.")),
                ],
            )),
        ),
        (
            "mach_o",
            or_null(object(
                "What only Mach-O files have.",
                vec![
                    ("universal", flag("Whether it holds programs for several processors.")),
                    (
                        "slices",
                        list(
                            "The programs.",
                            vec![
                                ("machine", text("The processor.")),
                                ("libraries", texts("The libraries that it names.")),
                                ("rpaths", texts("Folders that `@rpath` stands for.")),
                                ("system", or_null(text("The system."))),
                                ("minimum_os", or_null(text("Its oldest version."))),
                                ("sdk", or_null(text("The version of the SDK."))),
                                ("signed", answer("Whether a signature is in it; it is not verified.")),
                                ("pie", answer("Whether it runs at any address.")),
                            ],
                        ),
                    ),
                ],
            )),
        ),
        (
            "pe",
            or_null(object(
                "What only PE files have.",
                vec![
                    ("subsystem", text("`console`, `windows`, `native`, `efi`, or the number.")),
                    ("minimum_os", text("The oldest Windows that it asks for.")),
                    ("signed", answer("Whether a signature is in it; it is not verified.")),
                    ("aslr", flag("DYNAMIC_BASE.")),
                    ("high_entropy", flag("HIGH_ENTROPY_VA.")),
                    ("dep", flag("NX_COMPAT.")),
                    ("control_flow_guard", flag("GUARD_CF.")),
                    ("needs_visual_c_runtime", flag("Whether it needs the Visual C++ runtime.")),
                    ("characteristics", number("The field `DllCharacteristics`.")),
                ],
            )),
        ),
        ("exposure", or_null(object("How much a systemd unit leaves its service exposed.", exposure()))),
    ]
}

fn exposure() -> Vec<(&'static str, Value)> {
    let score = |what: &str| json!({ "description": what, "type": "number" });
    vec![
        ("systemd", number("The version of systemd whose table this is.")),
        ("score", score("From 0, it may do nothing, to 10.")),
        ("level", word("The word for the score.", &super::ExposureLevel::WORDS)),
        (
            "rows",
            list(
                "What was looked at; what lowers the score most comes first.",
                vec![
                    ("field", text("Its name in systemd's JSON.")),
                    ("name", text("The setting that it is about.")),
                    ("weight", number("How much it counts.")),
                    ("range", number("How bad it is at worst.")),
                    ("badness", or_null(number("How bad it is; null where it does not apply."))),
                    ("exposure", or_null(score("Its part of the score; null where it adds nothing."))),
                    ("may", or_null(text("What the service may do."))),
                    ("lower", or_null(text("What would lower it."))),
                    ("breaks", or_null(text("What would break by that."))),
                ],
            ),
        ),
    ]
}

fn go() -> Vec<(&'static str, Value)> {
    vec![
        ("version", or_null(text("The version of Go."))),
        ("build_info", answer("Whether the build information is there.")),
        ("path", or_null(text("Import path of the main package."))),
        ("main", or_null(object("The module of the main package.", module()))),
        ("modules", list("The modules that it was built with; empty does not mean none.", module())),
        ("settings", pairs("All settings of the build.")),
        ("revision", or_null(text("The commit that was built."))),
        ("modified", answer("Whether the tree held changes that the commit does not.")),
        ("trimmed", answer("Whether `-trimpath` was given.")),
        ("cgo_enabled", answer("Whether cgo was switched on.")),
        ("cgo", answer("Whether C code is in it.")),
        ("cgo_packages", texts("The packages that call C.")),
        ("resolver", word("How it looks up names of hosts.", &["none", "go", "system", "both", "unknown"])),
        ("users_through_c", answer("Whether it looks up users through the C library.")),
        ("loads_time_zones", answer("Whether it loads time zones by name.")),
        ("embeds_time_zones", answer("Whether the time zone database is in it.")),
        ("loads_system_roots", answer("Whether it loads the system's certificates of authorities.")),
        ("embeds_roots", answer("Whether certificates of authorities are in it.")),
        ("godebug", pairs("Defaults of `GODEBUG` that the linker wrote.")),
        ("function_count", or_null(number("How many functions have a name in it."))),
        ("packages", texts("The packages whose functions are in it.")),
        ("functions", or_null(texts("The names of all functions, with `--functions`."))),
    ]
}

fn module() -> Vec<(&'static str, Value)> {
    let mut fields = replacement();
    fields.push(("replaced_by", or_null(object("What stands in for it.", replacement()))));
    fields
}

fn replacement() -> Vec<(&'static str, Value)> {
    vec![
        ("path", text("Its path.")),
        ("version", or_null(text("Its version."))),
        ("sum", or_null(text("Its checksum."))),
    ]
}

fn verdict(about: &str) -> Value {
    let answers = ["yes", "partial", "no", "not-applicable", "unknown"];
    object(about, vec![("answer", word("Whether it has it.", &answers)), ("why", text("What shows it."))])
}

#[cfg(test)]
mod tests {
    use super::super::Inspection;
    use super::*;

    /// Holds a value against the schema, both ways: no field is missing, none is unknown.
    fn hold(value: &Value, schema: &Value, at: &str) {
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.clone(),
            one => vec![one.clone()],
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert!(kinds.contains(&json!(kind)), "{at} is a {kind}, not {kinds:?}");
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            assert!(words.contains(value), "{at}: {value} is not among {words:?}");
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            hold(item, &schema["items"], &format!("{at}[{index}]"));
        }
        let (Some(fields), Some(known)) = (value.as_object(), schema.get("properties")) else { return };
        let known = known.as_object().unwrap();
        let names: Vec<&String> = fields.keys().collect();
        let mut wanted: Vec<&String> = known.keys().collect();
        wanted.sort_by_key(|name| names.iter().position(|other| other == name));
        assert_eq!(names, wanted, "the fields of {at}");
        for (name, field) in fields {
            hold(field, &known[name], &format!("{at}.{name}"));
        }
    }

    #[test]
    fn the_schema_has_every_field_and_no_other() {
        let text = include_str!("../../tests/data/inspection.json");
        let value: Value = serde_json::from_str(text).unwrap();
        let inspection: Inspection = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&inspection).unwrap(), value, "a field is new: add it to the data");
        hold(&value, &json_schema(), "inspection");
        let bare = Inspection::without_facts("x", inspection.problem.unwrap());
        hold(&serde_json::to_value(bare).unwrap(), &json_schema(), "inspection");
    }
}
