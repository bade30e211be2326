/**
 * To which lengths sequences are padded, for batches of texts. Uses nothing else of the library.
 */
package org.lora4j.internal.pretrained;
