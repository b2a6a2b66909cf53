// needle.h - the one header a program includes.
#pragma once
