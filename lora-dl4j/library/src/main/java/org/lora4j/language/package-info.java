/**
 * Decoder language models: text from a prompt. How a text is to be made is a {@link org.lora4j.language.GenerationConfig}, what
 * came of it a {@link org.lora4j.language.Generation}; a {@link org.lora4j.language.TokenListener} hears of each token as it
 * comes.
 */
package org.lora4j.language;
