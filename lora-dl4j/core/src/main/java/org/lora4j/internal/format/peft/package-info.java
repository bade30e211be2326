/**
 * PEFT's directory format, without the arrays: the config file and the names of tensors.
 *
 * <p>{@link org.lora4j.internal.format.peft.PeftConfigJson} translates {@code adapter_config.json} from and to a
 * {@link org.lora4j.config.AdapterConfig}; what every field of every method means to us, honored, carried
 * along, or refused because it would change the numbers, says the table of methods ({@link
 * org.lora4j.method.AdapterMethods#entries}).
 * {@link org.lora4j.internal.format.peft.PeftKeys} translates names of tensors from and to module paths.
 *
 * <p>To support one more option of PEFT take its field out of those that the entry of its method refuses and add it to the
 * fields of its config. This package uses {@code config}, {@code method} and Jackson; it knows no arrays.
 *
 * <p>Source: huggingface/peft at commit 5d602fdb (0.20.1.dev0), {@code tuners/lora/config.py} and
 * {@code utils/save_and_load.py}, read for behavior.
 */
package org.lora4j.internal.format.peft;
