/**
 * What a Tribuo trainer owes its callers, as tests that any trainer can be put through.
 *
 * <p>{@link org.lora4j.tribuo.conformance.TrainerConformance} is the door and says how to attach a trainer. Each group of
 * rules is an interface of default tests over a {@link org.lora4j.tribuo.conformance.Subject}; what the trainer is asked
 * to learn is a {@link org.lora4j.tribuo.conformance.Task}, one for each output type. A new rule goes into the group
 * where a reader would look for it, and a fault that only this rule finds goes into
 * {@code Fault}. This package knows Tribuo and its published assertions, no trainer of ours.
 */
package org.lora4j.tribuo.conformance;
