/**
 * PEFT's directory format, without the arrays: the config file and the names of tensors.
 *
 * <p>{@link org.lora4j.internal.format.peft.PeftConfigJson} translates {@code adapter_config.json} from and to a
 * {@link org.lora4j.config.AdapterConfig}; what every field of every method means to us is one table ({@code PeftMethod}):
 * honored, carried along, or refused because it would change the numbers.
 * {@link org.lora4j.internal.format.peft.PeftKeys} translates names of tensors from and to module paths.
 *
 * <p>To support one more option of PEFT take its field out of the table of those refused and add it to the fields of its
 * config; to support one more tensor add a constant to {@link org.lora4j.internal.format.peft.PeftTensor}. This
 * package uses {@code config}, {@code error} and Jackson; it knows no arrays.
 *
 * <p>Source: huggingface/peft at commit 5d602fdb (0.20.1.dev0), {@code tuners/lora/config.py} and
 * {@code utils/save_and_load.py}, read for behavior.
 */
package org.lora4j.internal.format.peft;
