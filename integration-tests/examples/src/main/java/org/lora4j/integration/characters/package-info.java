/**
 * A demonstration on a recurrent network: a character LSTM of stock Deeplearning4j layers, trained on Shakespeare, learns
 * Java source text through LoRA, beside full fine-tuning of a copy. Run it with {@code mvn -Pcharacters verify}.
 */
package org.lora4j.integration.characters;
