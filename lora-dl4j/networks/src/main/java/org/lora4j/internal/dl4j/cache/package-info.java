/**
 * Networks of Deeplearning4j whose training steps take what the layers below all that learn give from a memory. Uses
 * {@code internal.cache}.
 */
package org.lora4j.internal.dl4j.cache;
