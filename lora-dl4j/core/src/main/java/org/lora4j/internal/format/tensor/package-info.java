/**
 * What readers of tensor files share inside: the tensors of one open file by name, with the checks of a caller's arguments.
 * Uses {@code format} and {@code error}.
 */
package org.lora4j.internal.format.tensor;
