/** The bridge to client_java. */
package io.github.promferry.clientjava;
