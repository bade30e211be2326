/**
 * Outputs as rows of a head: the loss, targets for training, predictions from what a network gives.
 *
 * <p>A further type of output is one class that implements {@link org.lora4j.tribuo.output.OutputConverter}. Rows and names
 * stay together everywhere: Tribuo's ids depend on the data set and are never used beyond one domain. Converters know
 * neither networks nor trainers.
 */
package org.lora4j.tribuo.output;
