/**
 * Texts as features: {@link org.lora4j.tribuo.text.TokenIdPipeline} is a {@code TextPipeline} of Tribuo for encoders whose
 * input {@link org.lora4j.tribuo.input.TokenInputConverter} makes. Needs {@code tribuo-data}.
 */
package org.lora4j.tribuo.text;
