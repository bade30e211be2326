/**
 * Matrix products by oneDNN, for those who add its library ({@code org.bytedeco:dnnl} and its natives, an optional
 * dependency): {@link org.lora4j.exec.onednn.OneDnn} is the way in. Nothing but {@code DnnlMultiplier} and
 * {@code org.lora4j.internal.onednn} names a class of that library, so that the rest loads without it. Weights are read where
 * they lie, in both directions: packing them would keep two more copies (what it would gain is in decision 0022).
 */
package org.lora4j.exec.onednn;
