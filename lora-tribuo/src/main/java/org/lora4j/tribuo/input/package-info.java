/**
 * Features as the arrays that a base network eats.
 *
 * <p>A pretrained network has fixed input slots, so features find them by <i>name</i>. Tribuo's ids are ranks of the names
 * that a data set happened to show, and are used here for nothing but looking a name up in the domain, which also makes
 * hashed domains work. A further kind of input is one class that implements {@link
 * org.lora4j.tribuo.input.InputConverter}. Converters know neither networks nor trainers.
 */
package org.lora4j.tribuo.input;
