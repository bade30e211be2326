import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse(`{"title":"","description":"","frontmatter":{"layout":"home","hero":{"name":"lora4j","text":"LoRA for the JVM","tagline":"Adapt a model that exists to your task, in minutes, on a plain machine. Keep everything that it knew. Save a few hundred kilobytes.","actions":[{"theme":"brand","text":"Start in five minutes","link":"/start"},{"theme":"alt","text":"Without Java","link":"/cli"}]},"features":[{"title":"Exact","details":"Nineteen methods and every encoder and decoder family give PEFT's and Transformers' numbers, gradients included. An adapter that is off is the base, to the bit.","link":"/peft"},{"title":"Fast on your processor","details":"oneDNN without a call. A LoRA step is near what the products alone cost, with AVX2 and with AVX-512.","link":"/performance"},{"title":"Many tasks, one base","details":"A batch may mix a hundred adapters. Learn tasks together or one after the other, and forget little or nothing.","link":"/many-tasks"},{"title":"Know before and after","details":"Advice on data, rate and rank. A page that shows what was trained, how well, and why.","link":"/report"},{"title":"What was trained is what is served","details":"Checks before, receipts after, replay to the bit, signatures, a gate before use.","link":"/trust"},{"title":"Files in both directions","details":"PEFT adapters, Hugging Face models, ONNX, GGUF, sentence-transformers.","link":"/export"}]},"headers":[],"relativePath":"index.md","filePath":"index.md"}`);
const _sfc_main = { name: "index.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("index.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const index = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  index as default
};
