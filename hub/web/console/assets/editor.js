// Makes a code editor of the textarea: highlighting, completion and hover from the language's schema,
// findings in their lines. The textarea stays what is sent, so that without this all works as a form.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const HOVER_WITHIN = 300; // ms
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content, tags.attributeValue], color: "var(--ink)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.bool, tags.null, tags.number], color: "var(--code-value)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--soft)" },
]);
const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--sunk)", borderRadius: "8px", fontSize: "13px", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--accent)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--soft)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--line) 45%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--strong)", borderRadius: "6px", maxWidth: "440px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "320px", fontFamily: "system-ui, sans-serif" },
  ".cm-diagnostic": { padding: "4px 10px", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad-bar)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn-bar)" },
  ".cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline wavy 1.5px", textUnderlineOffset: "3px" },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad-bar)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warn-bar)" },
  ".cm-lintRange-info": { textDecorationColor: "var(--live-bar)" },
  // Signs instead of the pictures of the library, which would be `data:` addresses: the policy forbids them.
  ".cm-lint-marker-error, .cm-lint-marker-warning, .cm-lint-marker-info": { content: "normal", textAlign: "center", lineHeight: "1em" },
  ".cm-lint-marker::before": { content: "'●'" },
  ".cm-lint-marker-error": { color: "var(--bad-bar)" },
  ".cm-lint-marker-warning": { color: "var(--warn-bar)" },
  ".cm-lint-marker-info": { color: "var(--live-bar)" },
  ".cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)" },
  ".cm-panels input, .cm-panels button": { color: "var(--ink)", backgroundColor: "var(--card)", backgroundImage: "none", border: "1px solid var(--strong)", borderRadius: "4px" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-ground)", outline: "1px solid var(--warn-bar)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--card)", color: "var(--soft)", border: "1px solid var(--line)" },
  ".said": { padding: "6px 10px", fontFamily: "system-ui, sans-serif" },
});

function begin(area) {
  const form = area.form;
  let timer = 0;

  // The place of a character, line and column from 1, as the hub counts them.
  const placeOf = (state, at) => {
    const line = state.doc.lineAt(at);
    return { line: line.number, column: [...line.text.slice(0, at - line.from)].length + 1 };
  };
  const ask = async (state, at) => {
    const sent = new FormData(form);
    const place = placeOf(state, at);
    sent.set("text", state.doc.toString());
    sent.set("line", String(place.line));
    sent.set("column", String(place.column));
    const answer = await fetch(area.dataset.words, { method: "POST", body: new URLSearchParams(sent), redirect: "error" });
    return answer.ok ? answer.json() : { offers: [], said: "" };
  };
  const complete = async (context) => {
    const word = context.matchBefore(/[\w.\/-]*/);
    const before = context.state.doc.lineAt(context.pos).text.slice(0, context.pos - context.state.doc.lineAt(context.pos).from);
    const isBegun = word.from < context.pos || /(^\s*(- )*|: )$/.test(before);
    if (!context.explicit && !isBegun) return null;
    const known = await ask(context.state, context.pos);
    if (context.aborted || !known.offers.length) return null;
    return {
      from: word.from,
      validFor: /^[\w.\/-]*$/,
      options: known.offers.map((each, place) => ({
        label: each.label, apply: each.insert, info: each.detail || undefined,
        type: each.kind === "key" ? "property" : "enum", boost: -place / 10,
      })),
    };
  };
  const hover = hoverTooltip(async (view, at) => {
    const known = await ask(view.state, at);
    if (!known.said) return null;
    return { pos: at, create: () => {
      const dom = document.createElement("div");
      dom.className = "said";
      dom.textContent = known.said;
      return { dom };
    } };
  }, { hoverTime: HOVER_WITHIN });

  const host = document.createElement("div");
  host.className = "code";
  // In a shadow root the editor's styles are adopted sheets: the pages' policy allows no style elements.
  const root = host.attachShadow({ mode: "open" });
  area.before(host);
  const place = document.getElementById("place");
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), lintGutter(), foldGutter(), history(), drawSelection(),
        indentOnInput(), indentUnit.of("  "), EditorState.tabSize.of(2), bracketMatching(), highlightActiveLine(), highlightSelectionMatches(),
        search({ top: true }), yaml(), syntaxHighlighting(colours), look, hover,
        autocompletion({ override: [complete], activateOnTypingDelay: 150 }),
        keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap,
          { key: "Mod-s", preventDefault: true, run: () => { form.requestSubmit(); return true; } }, indentWithTab]),
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": area.labels[0].textContent, "aria-describedby": "place" }),
        EditorView.updateListener.of((update) => {
          if (update.selectionSet || update.docChanged) {
            const at = placeOf(update.state, update.state.selection.main.head);
            place.textContent = `line ${at.line}, column ${at.column}`;
          }
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          clearTimeout(timer);
          timer = setTimeout(() => area.dispatchEvent(new Event("input", { bubbles: true })), 50);
        }),
      ],
    }),
  });
  area.hidden = true;
  host.view = view;

  const offset = (line, column) => {
    const found = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    const before = [...found.text].slice(0, Math.max(column - 1, 0)).join("");
    return Math.min(found.from + before.length, found.to);
  };
  const goTo = (line, column = 1) => {
    const at = offset(line, column);
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    view.focus();
  };
  const underline = () => {
    const found = [...document.querySelectorAll("#findings li[data-line]")].map((each) => {
      const from = offset(Number(each.dataset.line), Number(each.dataset.column));
      const to = Math.max(offset(Number(each.dataset.line), Number(each.dataset.end)), from);
      const severity = each.classList.contains("error") ? "error" : each.classList.contains("warning") ? "warning" : "info";
      return { from, to, severity, message: each.querySelector(".said").textContent };
    });
    view.dispatch(setDiagnostics(view.state, found));
  };
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "findings") underline();
  });
  document.getElementById("findings").addEventListener("click", (event) => {
    const found = event.target.closest("li[data-line]");
    if (found) goTo(Number(found.dataset.line), Number(found.dataset.column));
  });
  const fromAddress = () => {
    const found = /^#line-(\d{1,6})$/.exec(location.hash);
    if (found) goTo(Number(found[1]));
  };
  addEventListener("hashchange", fromAddress);
  let isSent = false;
  form.addEventListener("submit", () => { isSent = true; });
  const original = area.defaultValue;
  addEventListener("beforeunload", (event) => {
    if (!isSent && area.value !== original) event.preventDefault();
  });
  underline();
  fromAddress();
}

const area = document.getElementById("text");
if (area) begin(area);
