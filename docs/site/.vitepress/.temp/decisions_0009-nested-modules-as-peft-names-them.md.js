import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse(`{"title":"0009 Adapters keep PEFT's nested module names","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0009-nested-modules-as-peft-names-them.md","filePath":"decisions/0009-nested-modules-as-peft-names-them.md"}`);
const _sfc_main = { name: "decisions/0009-nested-modules-as-peft-names-them.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="0009-adapters-keep-pefts-nested-module-names" tabindex="-1">0009 Adapters keep PEFT&#39;s nested module names <a class="header-anchor" href="#0009-adapters-keep-pefts-nested-module-names" aria-label="Permalink to &quot;0009 Adapters keep PEFT&#39;s nested module names&quot;">​</a></h1><p>Status: accepted, 2026-11-25</p><h2 id="context" tabindex="-1">Context <a class="header-anchor" href="#context" aria-label="Permalink to &quot;Context&quot;">​</a></h2><p>PEFT wraps modules in one another in two cases: <code>torch.nn.MultiheadAttention</code>, whose output projection is wrapped inside the wrapper of the whole, and several <code>target_parameters</code> of one module. Its files say so by <code>base_layer</code> within the path: <code>attn.base_layer.out_proj.lora_A.weight</code>, <code>experts.base_layer.lora_A.weight</code>. Which parameter an update of <code>experts</code> belongs to is not in the file: it follows from the order in which the module registers its parameters.</p><h2 id="decision" tabindex="-1">Decision <a class="header-anchor" href="#decision" aria-label="Permalink to &quot;Decision&quot;">​</a></h2><p>An <code>Adapter</code> has these paths as they are, <code>base_layer</code> included, as module paths. Rank, alpha and selection are looked up by the outermost wrapper (<code>PeftKeys.wrapperOf</code>). Who has a base (a host, or <code>weights</code>) finds the parameter: by the path without wrappers where that names one, else by shapes, and where shapes leave several ways open by the order of the base&#39;s parameters, first registered innermost.</p><h2 id="alternatives" tabindex="-1">Alternatives <a class="header-anchor" href="#alternatives" aria-label="Permalink to &quot;Alternatives&quot;">​</a></h2><p>Translating to paths of parameters when a file is read: needs the base, so that an adapter could not be read, combined and written without one; and a wrong guess would be written back as if it were known. Tensor names with <code>base_layer</code> in the suffix: every table of suffixes would be open-ended.</p><h2 id="consequences" tabindex="-1">Consequences <a class="header-anchor" href="#consequences" aria-label="Permalink to &quot;Consequences&quot;">​</a></h2><p>Reading and writing are exact without a base. Code that looks up something by an adapter&#39;s path must ask for the wrapper or the plain path first; <code>LoraConfig</code> itself knows nothing of wrappers.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0009-nested-modules-as-peft-names-them.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0009NestedModulesAsPeftNamesThem = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0009NestedModulesAsPeftNamesThem as default
};
