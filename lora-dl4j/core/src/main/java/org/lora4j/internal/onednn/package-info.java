/**
 * How oneDNN is called, for {@code exec.onednn} and for decoders: products, attention and work on rows through its binding, and
 * products of few rows with weights that lie as oneDNN wants them. Everything that names a class of that library loads only
 * where the library is there: ask {@link org.lora4j.internal.onednn.DnnlAvailability} first. Uses {@code internal.array} and
 * {@code error}.
 *
 * <p><b>Who owns what</b> is in {@link org.lora4j.internal.onednn.DnnlCall}, through which everything here that is compiled runs. In short:
 * native code is told addresses of regions only; a region keeps its memory; a call keeps its regions until it is over; what is kept
 * from call to call belongs to one thread, outlasts a caller's {@code PointerScope}, and goes with the multiplier or session that
 * it was made for.
 */
package org.lora4j.internal.onednn;
