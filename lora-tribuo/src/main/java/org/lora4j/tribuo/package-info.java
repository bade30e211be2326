/**
 * Adapters for Tribuo: {@link org.lora4j.tribuo.LoraTrainer} trains one on a frozen network, {@link
 * org.lora4j.tribuo.LoraModel} is the result.
 *
 * <p>Around them: {@code base} holds frozen networks and puts heads on them, {@code input} and {@code output} convert
 * features and outputs by name, {@code text} turns texts into token ids, {@code protos} is generated in the build.
 */
package org.lora4j.tribuo;
