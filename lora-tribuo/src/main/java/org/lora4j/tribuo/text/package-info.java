/**
 * Texts as features: {@link org.lora4j.tribuo.text.TokenIdPipeline} is a {@code TextPipeline} of Tribuo for encoders whose
 * input {@link org.lora4j.tribuo.input.TokenInputConverter} makes, and needs {@code tribuo-data}; {@link
 * org.lora4j.tribuo.text.TextExamples} makes examples of {@code org.lora4j.text} of Tribuo's.
 */
package org.lora4j.tribuo.text;
