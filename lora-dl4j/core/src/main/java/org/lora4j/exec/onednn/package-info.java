/**
 * Matrix products by oneDNN, for those who add its library ({@code org.bytedeco:dnnl} and its natives, an optional
 * dependency): {@link org.lora4j.exec.onednn.OneDnn} is the way in. Everything that names a class of that library is in
 * {@code DnnlMultiplier}, {@code DnnlProduct} and {@code Term}, so that the rest loads without it. Weights are read where they lie, in
 * both directions: packing them would keep two more copies (what it would gain is in decision 0022).
 */
package org.lora4j.exec.onednn;
