import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"0028 Folders of modules, and a BOM that the build inherits","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0028-modules.md","filePath":"decisions/0028-modules.md"}');
const _sfc_main = { name: "decisions/0028-modules.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="0028-folders-of-modules-and-a-bom-that-the-build-inherits" tabindex="-1">0028 Folders of modules, and a BOM that the build inherits <a class="header-anchor" href="#0028-folders-of-modules-and-a-bom-that-the-build-inherits" aria-label="Permalink to &quot;0028 Folders of modules, and a BOM that the build inherits&quot;">​</a></h1><p>Status: accepted, 2026-11-27</p><h2 id="context" tabindex="-1">Context <a class="header-anchor" href="#context" aria-label="Permalink to &quot;Context&quot;">​</a></h2><p>One Maven module held the library, one all programs, the golden harness and the benchmarks. A command line, Spark and language models would each bring dependencies that the others must not see. The parent pom was also the BOM that users import, so plugins and test versions were part of what they imported.</p><h2 id="decision" tabindex="-1">Decision <a class="header-anchor" href="#decision" aria-label="Permalink to &quot;Decision&quot;">​</a></h2><p><code>lora-dl4j</code> is a folder: <code>library</code> (artifact <code>lora-dl4j</code>), <code>onednn</code>, <code>bom</code> (<code>lora4j-bom</code>), later <code>spark</code> and <code>cli</code>. The BOM has no parent and is the parent of the build parent, as Jackson&#39;s is: versions stand once, the build inherits them, users import them.</p><p><code>integration-tests</code> is a folder, too: <code>examples</code> and <code>benchmarks</code> are programs; <code>conformance</code> is test code throughout. One exec block in its pom runs every program: a profile is an id, a main class, arguments and limits. Examples run without variables of the environment, as users do; benchmarks set what they compare.</p><h2 id="alternatives" tabindex="-1">Alternatives <a class="header-anchor" href="#alternatives" aria-label="Permalink to &quot;Alternatives&quot;">​</a></h2><ul><li><strong>The parent imports the BOM.</strong> A module whose parent imports it is a cycle; a BOM apart from the build has to repeat the versions or be installed before a module can be built alone.</li><li><strong>Profiles of programs in the root pom</strong>, beside those that skip the tests: one place less, but the root would know main classes of modules below it.</li></ul><h2 id="consequences" tabindex="-1">Consequences <a class="header-anchor" href="#consequences" aria-label="Permalink to &quot;Consequences&quot;">​</a></h2><p><code>mvn -Pquickstart verify</code> and all other commands stay; what they leave is below <code>integration-tests/examples/target</code>, <code>.../benchmarks/target</code> or <code>.../conformance/target</code>. Who imported <code>lora4j-parent</code> imports <code>lora4j-bom</code>.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0028-modules.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0028Modules = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0028Modules as default
};
