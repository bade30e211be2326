/**
 * How oneDNN is called, for {@code exec.onednn} and for decoders: products, attention and work on rows through its binding, and
 * products of few rows with weights that lie as oneDNN wants them. Everything that names a class of that library loads only
 * where the library is there: ask {@link org.lora4j.internal.onednn.DnnlAvailability} first. Uses {@code internal.array} and
 * {@code error}.
 */
package org.lora4j.internal.onednn;
