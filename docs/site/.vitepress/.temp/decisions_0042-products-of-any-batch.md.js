import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"0042: Gradients of weights by products that are compiled once for all batches","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0042-products-of-any-batch.md","filePath":"decisions/0042-products-of-any-batch.md"}');
const _sfc_main = { name: "decisions/0042-products-of-any-batch.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="0042-gradients-of-weights-by-products-that-are-compiled-once-for-all-batches" tabindex="-1">0042: Gradients of weights by products that are compiled once for all batches <a class="header-anchor" href="#0042-gradients-of-weights-by-products-that-are-compiled-once-for-all-batches" aria-label="Permalink to &quot;0042: Gradients of weights by products that are compiled once for all batches&quot;">​</a></h1><p>oneDNN compiles a product for its sizes. Batches by length have new numbers of rows all the time, and each new one cost some 20 products of 0.5 to 1 ms, forwards and back. Asked with a size left open (<code>DNNL_RUNTIME_DIM_VAL</code>), oneDNN takes its older matrix multiplication, which is compiled once.</p><p>The gradients of weights and of factors, sums over the rows of a batch, are asked so. With one thread on Zen 5, while others used the machine, those of factors took 55 microseconds in place of 72 (384 x 8, 2,048 rows) and 219 in place of 328 (1,536 x 8); those of weights as long as before.</p><p>Products with rows of the batch stay compiled for their sizes: the older multiplication is as fast there, too, but it adds in another order. The rows of a batch behind its last whole piece of 256 would be rounded otherwise than the rest, and a model without an active adapter otherwise than its graph in a stock session, which is equal to the bit where sums are short, and tested.</p><p>Not taken: fixed sizes for what is left (16 rows, 32, ..), as each piece reads all weights again.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0042-products-of-any-batch.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0042ProductsOfAnyBatch = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0042ProductsOfAnyBatch as default
};
